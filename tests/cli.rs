//! The command line: exit codes, messages, streams, configuration; every command beside a running server.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use support::http::{self, Connection};
use support::{Database, Folder, Server, run};
use tympan::platform::database::{self, DatabaseConfig, Statement};

/// Exit code, standard output and standard error of a command.
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn tympan(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tympan"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command that must fail and returns its message.
fn refused(command: &mut Command) -> String {
    let outcome = outcome(command);
    assert_eq!(outcome.code, 1, "{command:?}\n{}", outcome.err);
    assert!(outcome.err.starts_with("error: "), "{}", outcome.err);
    outcome.err
}

fn with_input(mut command: Command, input: &str) -> Outcome {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    // A command that refuses its arguments may end before it reads.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a statement on a test's SQLite database while no command does.
fn execute(database: &Database, sql: &'static str) {
    let url = format!("sqlite:{}/tympan.db", database.data().display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let config = DatabaseConfig {
            url,
            ..DatabaseConfig::default()
        };
        let open = database::Database::open(&config).await.unwrap();
        let done: Result<u64, database::DatabaseError> = open
            .write(move |tx| Box::pin(async move { tx.execute(Statement::new(sql)).await }))
            .await;
        assert_eq!(done.unwrap(), 1, "{sql}");
        open.close().await;
    });
}

fn init(database: &Database, project: &Path) {
    let folder = project.to_str().unwrap();
    let out = database.run(&["init", folder]);
    assert!(out.starts_with("made a magazine with "), "{out}");
}

fn status(connection: &mut Connection, path: &str, token: Option<&str>) -> u16 {
    let request = http::request("GET", path, token, None);
    connection.send(&request).unwrap().status
}

#[test]
fn wrong_usage_is_two_and_help_goes_to_standard_output() {
    for arguments in [
        &["nonsense"][..],
        &["token", "create"],
        &["serve", "--nonsense"],
    ] {
        assert_eq!(outcome(&mut tympan(arguments)).code, 2, "{arguments:?}");
    }
    let help = outcome(&mut tympan(&["--help"]));
    assert_eq!(help.code, 0);
    assert!(help.out.contains("serve") && help.err.is_empty());
    let version = run(&mut tympan(&["--version"]));
    assert_eq!(version, format!("tympan {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn settings_come_from_file_environment_and_flags() {
    let folder = Folder::new();
    let file = "data = \"from-file\"\n[server]\nlisten = \"file:1\"\n[limits]\nmax_page_size = 7\n";
    fs::write(folder.path().join("tympan.toml"), file).unwrap();
    let mut command = tympan(&["config", "--database", "postgres://u:secret@h/d"]);
    command
        .current_dir(folder.path())
        .env("TYMPAN_SERVER_LISTEN", "variable:2");
    let printed = run(&mut command);
    for line in [
        "data = \"from-file\"  # tympan.toml",
        "url = \"postgres://u:***@h/d\"  # --database",
        "listen = \"variable:2\"  # TYMPAN_SERVER_LISTEN",
        "max_page_size = 7  # tympan.toml",
        "level = \"info\"  # default",
    ] {
        assert!(
            printed.lines().any(|found| found == line),
            "{line}\n{printed}"
        );
    }
    assert!(!printed.contains("secret"));
}

#[test]
fn unknown_settings_are_refused_with_the_nearest_one() {
    let folder = Folder::new();
    let mut command = tympan(&["config"]);
    command
        .current_dir(folder.path())
        .env("TYMPAN_LOG_LEVL", "info");
    assert_eq!(
        refused(&mut command),
        "error: unknown environment variable: `TYMPAN_LOG_LEVL`; the nearest known one is `TYMPAN_LOG_LEVEL`\n"
    );
    fs::write(
        folder.path().join("tympan.toml"),
        "[log]\nlevl = \"info\"\n",
    )
    .unwrap();
    let message = refused(tympan(&["config"]).current_dir(folder.path()));
    assert_eq!(
        message,
        "error: unknown key in tympan.toml: `log.levl`; the nearest known key is `log.level`\n"
    );
}

#[test]
fn a_token_is_alone_on_standard_output_and_works_at_once() {
    for database in [Database::sqlite(), Database::postgres()] {
        let project = Folder::new();
        init(&database, project.path());
        let server = Server::start(database);
        let mut connection = server.connect();
        let path = "/api/articles?pagination[pageSize]=1&status=draft";
        assert_eq!(status(&mut connection, path, None), 403);

        let database = server.database();
        let arguments = [
            "token",
            "create",
            "--name",
            "site",
            "--type",
            "read-only",
            "--drafts",
        ];
        let created = outcome(&mut database.command(&arguments));
        assert_eq!((created.code, created.err.as_str()), (0, ""));
        let token = created.out.strip_suffix('\n').unwrap();
        assert_eq!(token.len(), "tympan_".len() + 43);
        assert_eq!(status(&mut connection, path, Some(token)), 200);

        assert!(refused(&mut database.command(&arguments)).contains("exists already"));
        let list = database.run(&["token", "list"]);
        assert!(list.starts_with("site  read-only+drafts") && !list.contains(token));
        database.run(&["token", "revoke", "site"]);
        assert_eq!(database.run(&["token", "list"]), "");
        assert!(
            refused(&mut database.command(&["token", "revoke", "site"]))
                .contains("unknown token: `site`")
        );
    }
}

#[test]
fn rights_name_types_and_actions_that_exist() {
    let database = Database::sqlite();
    let project = Folder::new();
    init(&database, project.path());
    let message = refused(&mut database.command(&["role", "allow", "public", "artcle", "find"]));
    assert!(
        message.starts_with("error: unknown type: `artcle`\n\nhint: did you mean `article`?"),
        "{message}"
    );
    let message =
        refused(&mut database.command(&["role", "allow", "public", "article", "findone"]));
    assert!(
        message.contains("unknown action: `findone`") && message.contains("`findOne`"),
        "{message}"
    );

    let custom = [
        "token", "create", "--name", "c", "--type", "custom", "--allow",
    ];
    let allow = |rights: &str| database.command(&[&custom[..], &[rights]].concat());
    assert!(refused(&mut allow("article")).contains("a type and an action: `article`"));
    assert!(refused(&mut allow("article:fnd")).contains("unknown action: `fnd`"));
    assert_eq!(
        outcome(&mut allow("article:find,api::page.page:findOne")).code,
        0
    );

    database.run(&["role", "deny", "public", "article", "find"]);
    let list = database.run(&["role", "list", "public"]);
    assert!(
        list.starts_with("api::article.article  findOne\napi::author.author  find findOne\n"),
        "{list}"
    );
}

#[test]
fn passwords_come_from_standard_input() {
    let database = Database::sqlite();
    let arguments = [
        "user",
        "create",
        "--email",
        "a@example.org",
        "--role",
        "super-admin",
    ];
    assert_eq!(outcome(&mut database.command(&arguments)).code, 2);
    let command = || database.command(&[&arguments[..], &["--password-stdin"]].concat());
    let short = with_input(command(), "short\n");
    assert_eq!(short.code, 1);
    assert!(short.err.contains("12 to 1024 characters"), "{}", short.err);
    let made = with_input(command(), "correct horse battery\n");
    assert_eq!((made.code, made.out.as_str()), (0, ""));
    assert!(
        with_input(command(), "correct horse battery\n")
            .err
            .contains("exists already")
    );
}

#[test]
fn a_wrong_schema_names_file_attribute_and_rule_and_makes_nothing() {
    let database = Database::sqlite();
    let project = Folder::new();
    let types = project.path().join("schema/types");
    fs::create_dir_all(&types).unwrap();
    let text = r#"{ "kind": "collectionType",
        "info": { "singularName": "note", "pluralName": "notes", "displayName": "Note" },
        "attributes": { "title": { "type": "strng" } } }"#;
    fs::write(types.join("note.json"), text).unwrap();
    let folder = project.path().to_str().unwrap();
    let message = refused(&mut database.command(&["schema", "apply", folder, "--yes"]));
    assert!(
        message.contains("types/note.json: attribute `title`: type: "),
        "{message}"
    );
    assert!(!database.data().join("tympan.db").exists());
    let message = refused(&mut database.command(&["schema", "plan", "/nowhere"]));
    assert!(
        message.starts_with("error: there is no schema folder: /nowhere\n"),
        "{message}"
    );
}

#[test]
fn the_sample_project_is_whole_on_both_databases() {
    for database in [Database::sqlite(), Database::postgres()] {
        let project = Folder::new();
        init(&database, project.path());
        let schema = project.path().join("schema");
        let schema = schema.to_str().unwrap();
        assert_eq!(database.run(&["schema", "plan", schema]), "nothing to do");
        assert_eq!(database.run(&["schema", "pull", schema]), "nothing to do");
        assert!(
            database
                .run(&["schema", "types"])
                .contains("export interface Article")
        );
        let description = database.run(&["openapi"]);
        assert!(description.contains("\"openapi\": \"3.1") && description.contains("/articles"));
        assert!(
            database
                .run(&["check"])
                .ends_with("everything fits together")
        );

        let again = project.path().to_str().unwrap();
        assert!(
            refused(&mut database.command(&["init", again])).contains("there is a schema already")
        );
        let other = Folder::new();
        let message = refused(&mut database.command(&["init", other.path().to_str().unwrap()]));
        assert!(
            message.contains("the database has types already"),
            "{message}"
        );
        assert!(!other.path().join("schema").exists());
    }
}

#[test]
fn losing_values_needs_consent_and_can_be_undone() {
    let database = Database::sqlite();
    let project = Folder::new();
    init(&database, project.path());
    let file = project.path().join("schema/types/article.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    json["attributes"]
        .as_object_mut()
        .unwrap()
        .shift_remove("summary");
    fs::write(&file, json.to_string()).unwrap();
    let folder = project.path().to_str().unwrap();

    let plan = database.run(&["schema", "plan", folder]);
    assert!(
        plan.starts_with("! move `summary` of api::article.article and its values to the trash: "),
        "{plan}"
    );
    assert!(
        plan.ends_with("1 step, 1 of them (!) loses values"),
        "{plan}"
    );
    let apply = |flags: &[&str]| database.command(&[&["schema", "apply", folder], flags].concat());
    assert!(refused(&mut apply(&["--yes"])).contains("--allow-loss"));
    assert!(refused(&mut apply(&["--allow-loss"])).contains("--yes"));
    assert_eq!(database.run(&["schema", "trash"]), "");
    assert!(run(&mut apply(&["--yes", "--allow-loss"])).ends_with("done"));

    assert_eq!(
        database.run(&["schema", "trash"]),
        "field      api::article.article:summary  text"
    );
    let name = "api::article.article:summary";
    assert!(
        database
            .run(&["schema", "restore", name, "--yes"])
            .ends_with("done")
    );
    assert_eq!(database.run(&["schema", "trash"]), "");
    assert!(
        database
            .run(&["check"])
            .ends_with("everything fits together")
    );
}

#[test]
fn a_newer_database_is_refused_untouched() {
    let database = Database::sqlite();
    database.run(&["token", "create", "--name", "a", "--type", "full-access"]);
    execute(&database, "update tympan_format set version = 99");
    let file = database.data().join("tympan.db");
    let before = fs::read(&file).unwrap();
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["check"],
        &["token", "list"],
    ] {
        let message = refused(&mut database.command(arguments));
        assert!(
            message.contains("has format 99") && message.contains("nothing was changed"),
            "{message}"
        );
    }
    assert!(fs::read(&file).unwrap() == before, "the file changed");
}

#[test]
fn reading_commands_do_not_make_a_database() {
    let database = Database::sqlite();
    for arguments in [
        &["check"][..],
        &["token", "list"],
        &["role", "list", "public"],
        &["schema", "trash"],
    ] {
        let message = refused(&mut database.command(arguments));
        assert!(
            message.starts_with("error: there is no database: "),
            "{message}"
        );
    }
    assert!(!database.data().join("tympan.db").exists());
}

#[test]
fn check_finds_what_does_not_fit_together() {
    let database = Database::sqlite();
    let project = Folder::new();
    init(&database, project.path());
    let insert = "insert into links values ((select min(doc) from documents), 1, 424242, '', 0, 1, 434343, 1)";
    execute(&database, insert);
    let damage =
        "update versions set content = '{' where rowid = (select max(rowid) from versions)";
    execute(&database, damage);
    let checked = outcome(&mut database.command(&["check"]));
    assert_eq!(checked.code, 1);
    for line in [
        "1 × links to documents that do not exist, first: ",
        "1 × links of fields that do not exist, first: ",
        "1 × versions that cannot be read back, first: ",
    ] {
        assert!(checked.out.contains(line), "{line}\n{}", checked.out);
    }
    assert_eq!(checked.err, "error: 3 kinds of problems were found\n");
}

#[test]
fn a_taken_port_is_told_and_a_signal_stops_the_server() {
    let database = Database::sqlite();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let message = refused(&mut database.command(&["serve", "--listen", &address]));
    assert!(
        message.starts_with(&format!("error: cannot listen: {address}: ")),
        "{message}"
    );
    assert!(
        message.contains("\n\nhint: another program has this port"),
        "{message}"
    );

    for name in ["INT", "TERM"] {
        let mut command = database.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut server = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        assert!(
            first.starts_with("listening on http://127.0.0.1:"),
            "{first}"
        );
        run(Command::new("kill").args(["-s", name, &server.id().to_string()]));
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert!(server.wait().unwrap().success(), "{rest}");
    }
}

#[test]
fn the_data_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let data = folder.path().join("new/data");
    let arguments = [
        "token",
        "create",
        "--name",
        "a",
        "--type",
        "read-only",
        "--data",
    ];
    run(tympan(&arguments).arg(&data));
    let mode = fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let message = refused(tympan(&arguments).arg(&file));
    assert!(
        message.starts_with("error: cannot make the data folder: "),
        "{message}"
    );
}

#[test]
fn an_import_that_cannot_be_read_is_told() {
    let database = Database::sqlite();
    let message = refused(&mut database.command(&["import", "wordpress", "/nowhere.xml"]));
    assert_eq!(message, "error: there is nothing to import: /nowhere.xml\n");
    let folder = Folder::new();
    let file = folder.path().join("a.xml");
    fs::write(&file, "<rss><channel><item></rss>").unwrap();
    let message = refused(&mut database.command(&["import", "wordpress", file.to_str().unwrap()]));
    assert!(
        message.contains("cannot import: ") && message.contains("nothing was written"),
        "{message}"
    );
}
