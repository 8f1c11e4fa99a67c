//! Layers, names and types of the configuration.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Config, ConfigError, Loaded, Override, Source};

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("tympan-config-{}-{name}", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn environment(pairs: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    Loaded::load(None, &variables(pairs), &[])
}

fn text(name: &str, toml: &str) -> Result<Loaded, ConfigError> {
    let path = file(name, toml);
    let loaded = Loaded::load(Some(&path), &[], &[]);
    fs::remove_file(&path).unwrap();
    loaded
}

#[test]
fn without_layers_the_defaults_are_in_force() {
    let mut expected = Config::default();
    expected.database.url = "sqlite:./data/tympan.db".into();
    assert_eq!(environment(&[]).unwrap().config, expected);
}

#[test]
fn later_layers_win_and_sources_are_known() {
    let path = file(
        "layers",
        "data = \"a\"\n[server]\nlisten = \"a:1\"\n[limits]\nmax_page_size = 7\n",
    );
    let variables = variables(&[
        ("TYMPAN_SERVER_LISTEN", "b:2"),
        ("TYMPAN_DATA", "b"),
        ("HOME", "x"),
    ]);
    let flags = [Override {
        key: "data",
        flag: "--data",
        value: "c".into(),
    }];
    let loaded = Loaded::load(Some(&path), &variables, &flags).unwrap();
    fs::remove_file(&path).unwrap();

    assert_eq!(loaded.config.data, "c");
    assert_eq!(loaded.config.server.listen, "b:2");
    assert_eq!(loaded.config.limits.max_page_size, 7);
    assert_eq!(loaded.config.database.url, "sqlite:c/tympan.db");
    let source = |key: &str| {
        let setting = loaded.settings.iter().find(|setting| setting.key == key);
        setting.unwrap().source.clone()
    };
    assert_eq!(source("data"), Source::Flag("--data"));
    assert_eq!(
        source("server.listen"),
        Source::Environment("TYMPAN_SERVER_LISTEN".into())
    );
    assert_eq!(source("limits.max_page_size"), Source::File(path));
    assert_eq!(source("log.level"), Source::Default);
}

#[test]
fn variables_are_read_as_what_the_default_is() {
    let loaded = environment(&[
        ("TYMPAN_LIMITS_MAX_PAGE_SIZE", "50"),
        ("TYMPAN_HEADERS_ACCESS_LOG", "false"),
        (
            "TYMPAN_HEADERS_CORS_ORIGINS",
            "https://a.example, https://b.example",
        ),
        ("TYMPAN_CONNECTIONS_UNCAPPED_PEERS", ""),
        ("TYMPAN_DATABASE_URL", "12"),
    ])
    .unwrap();
    assert_eq!(loaded.config.limits.max_page_size, 50);
    assert!(!loaded.config.headers.access_log);
    assert_eq!(loaded.config.headers.cors_origins.len(), 2);
    assert!(loaded.config.connections.uncapped_peers.is_empty());
    assert_eq!(loaded.config.database.url, "12");
}

#[test]
fn unknown_names_are_refused_with_the_nearest_one() {
    let message = |result: Result<Loaded, ConfigError>| result.unwrap_err().to_string();
    assert_eq!(
        message(environment(&[("TYMPAN_SERVER_LISTN", "x")])),
        "unknown environment variable: `TYMPAN_SERVER_LISTN`; the nearest known one is `TYMPAN_SERVER_LISTEN`"
    );
    let refused = message(text("unknown", "[server]\nlisen = \"x\"\n"));
    assert!(
        refused.ends_with("`server.lisen`; the nearest known key is `server.listen`"),
        "{refused}"
    );
    assert!(message(text("section", "[sever]\n")).contains("`sever`"));
}

#[test]
fn values_of_the_wrong_kind_name_setting_and_source() {
    let message = |result: Result<Loaded, ConfigError>| result.unwrap_err().to_string();
    let refused = message(environment(&[("TYMPAN_LIMITS_MAX_PAGE_SIZE", "many")]));
    assert!(
        refused.starts_with("`limits.max_page_size` cannot be \"many\": "),
        "{refused}"
    );
    assert!(
        refused.ends_with("(set by TYMPAN_LIMITS_MAX_PAGE_SIZE)"),
        "{refused}"
    );
    assert!(message(environment(&[("TYMPAN_LOG_LEVEL", "loud")])).contains("`loud`"));
    assert!(message(text("kind", "[limits]\nmax_page_size = \"7\"\n")).contains("max_page_size"));
    assert!(message(text("negative", "[limits]\nmax_page_size = -7\n")).contains("max_page_size"));
    let none = message(environment(&[("TYMPAN_CONNECTIONS_MAX_CONNECTIONS", "0")]));
    assert!(none.contains("it must be at least 1"), "{none}");
    assert!(message(text("table", "[data]\nx = 1\n")).contains("`data` cannot be"));
    assert!(message(text("syntax", "data = \"a\"\nb = = 1\n")).contains("line 2"));
    let missing = Loaded::load(Some(Path::new("/nowhere/tympan.toml")), &[], &[]);
    assert!(message(missing).starts_with("cannot read the configuration: /nowhere/tympan.toml: "));
}

#[test]
fn the_printed_configuration_reads_back_as_itself() {
    let loaded = environment(&[("TYMPAN_LIMITS_MAX_PAGE_SIZE", "50")]).unwrap();
    let printed = loaded.to_toml();
    assert!(
        printed.contains("max_page_size = 50  # TYMPAN_LIMITS_MAX_PAGE_SIZE\n"),
        "{printed}"
    );
    let again = text("again", &printed).unwrap();
    assert_eq!(again.config, loaded.config);
}
