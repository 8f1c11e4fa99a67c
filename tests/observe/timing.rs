//! `Server-Timing` for those who ask for it.

use crate::support::Database;
use crate::{ask, header, site};

#[test]
fn the_time_is_told_on_request_only() {
    let site = site(Database::sqlite(), "");
    let plain = ask(&site, "GET", "/api/articles", &[], "");
    assert_eq!(header(&plain, "server-timing"), None);
    let timed = ask(&site, "GET", "/api/articles", &["X-Tympan-Timing: 1"], "");
    let told = header(&timed, "server-timing").unwrap();
    for part in [
        "total;dur=",
        "db;dur=",
        "render;dur=",
        " statements\"",
        "cache;desc=",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let of = |name: &str| -> f64 {
        let (_, rest) = told.split_once(&format!("{name};dur=")).unwrap();
        let end = rest.find([',', ';']).unwrap_or(rest.len());
        rest[..end].parse().unwrap()
    };
    let difference = of("total") - of("db") - of("render");
    assert!(difference.abs() < 0.01, "{told}");
    // Also on refusals, which are answered elsewhere.
    let refused = ask(&site, "GET", "/nowhere", &["X-Tympan-Timing: 1"], "");
    assert!(header(&refused, "server-timing").is_some());
}
