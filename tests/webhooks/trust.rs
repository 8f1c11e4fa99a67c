//! Receivers behind TLS: whose certificates are trusted, and what is said if there are none.

use std::path::{Path, PathBuf};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use crate::receiver::Receiver;
use crate::site::{On, QUICK, Site};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/webhooks/tls")
        .join(name)
}

/// A receiver with a certificate for 127.0.0.1, signed by the authority of the tests.
fn receiver(certificate: &str) -> Receiver {
    let certificate = CertificateDer::from_pem_file(file(certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Receiver::tls(config)
}

fn site(ca_file: &str) -> Site {
    let outbound = format!("[outbound]\nallow = [\"127.0.0.0/8\"]\nca_file = \"{ca_file}\"\n");
    Site::with(On::Sqlite, &format!("{QUICK}{outbound}"))
}

#[test]
fn only_valid_certificates_of_trusted_authorities_are_talked_to() {
    let (good, expired) = (receiver("good.pem"), receiver("expired.pem"));
    let site = site(file("ca.pem").to_str().unwrap());
    site.hook("good", &good.url("/"), &["--event", "entry.publish"]);
    site.hook("expired", &expired.url("/"), &["--event", "entry.publish"]);
    site.make("/tags", &json!({ "name": "first" }));
    good.wait_for(1);
    site.wait_for(
        &[
            "webhook",
            "deliveries",
            "--endpoint",
            "expired",
            "--state",
            "parked",
        ],
        "8 tries",
    );
    assert_eq!(expired.got().len(), 0, "nothing is sent");
    let refused = site.refused(&["webhook", "test", "expired"]);
    assert!(refused.contains("expired"), "{refused}");
    // An authority nobody named is not trusted.
    let other = self::site("");
    other.hook("good", &good.url("/"), &["--event", "entry.publish"]);
    let refused = other.refused(&["webhook", "test", "good"]);
    assert!(
        refused.contains("cannot connect: ") && refused.contains("UnknownIssuer"),
        "{refused}"
    );
    assert_eq!(good.got().len(), 1);
}

#[test]
fn a_system_without_certificates_says_what_to_do() {
    let good = receiver("good.pem");
    let plain = Receiver::new();
    let site = site("");
    site.hook("good", &good.url("/"), &[]);
    site.hook("plain", &plain.url("/"), &[]);
    let without = |arguments: &[&str]| {
        let mut command = site.command(arguments);
        command
            .env("SSL_CERT_FILE", "/nonexistent")
            .env("SSL_CERT_DIR", "/nonexistent");
        command.output().unwrap()
    };
    let output = without(&["webhook", "test", "good"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("https cannot be used") && said.contains("outbound.ca_file"),
        "{said}"
    );
    // What needs none still works.
    assert!(without(&["webhook", "test", "plain"]).status.success());
    for (ca_file, why) in [
        ("/nonexistent", "No such file"),
        (file("server.key").to_str().unwrap(), "no certificate"),
    ] {
        std::fs::write(
            &site.config,
            format!("[outbound]\nca_file = \"{ca_file}\"\n"),
        )
        .unwrap();
        let refused = site.refused(&["webhook", "test", "plain"]);
        assert!(
            refused.contains("outbound.ca_file") && refused.contains(why),
            "{refused}"
        );
    }
}
