//! What a caller may not see cannot be told from what does not exist, and drafts do not show, on both databases.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

mod drafts;
mod names;
mod site;
#[path = "../support/mod.rs"]
mod support;
mod writes;

use site::Site;
use support::Database;

#[test]
fn nothing_leaks_on_sqlite() {
    nothing_leaks(Database::sqlite());
}

#[test]
fn nothing_leaks_on_postgres() {
    nothing_leaks(Database::postgres());
}

fn nothing_leaks(database: Database) {
    let site = Site::start(database, &[]);
    names::hidden_fields_are_unknown(&site);
    names::hidden_types_are_unknown(&site);
    names::the_description_names_nothing_hidden(&site);
    writes::hidden_relations_are_unknown(&site);
    writes::owners_are_changed_only_by_who_may(&site);
    writes::what_the_server_keeps_cannot_be_written(&site);
    drafts::drafts_do_not_show(&site);
    assert!(
        !site.server.log().contains("panic"),
        "{}",
        site.server.log()
    );
    assert!(!site.server.log().contains(site::CANARY));
}
