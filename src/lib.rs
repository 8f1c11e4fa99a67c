//! Tympan: a headless CMS in one binary.
//!
//! This page is the architecture. A tympan is the part of a hand press that carries the sheet to the
//! type: what goes through it is printed.
//!
//! # Floors
//!
//! Imports point down only; `tests/architecture.rs` keeps it so.
//!
//! | floor | modules | what |
//! |---|---|---|
//! | 7 | [`cli`], [`config`] | commands; settings in layers |
//! | 6 | [`server`], [`jobs`] | everything that knows HTTP; work beside requests, on one node at a time |
//! | 5 | [`app`] | all parts of a running Tympan, built once |
//! | 4 | [`delivery`], [`search`], [`imports`], [`schedules`] | reading; finding; content from other systems; publishing later |
//! | 4 | [`sync`], [`webhooks`], [`purges`] | what changed since; telling others |
//! | 3 | [`entries`], [`accounts`] | documents and what is done with them; tokens, roles, people |
//! | 2 | [`schema`], [`access`], [`query`], [`changes`] | types; rights; what a reader asks for; what happened |
//! | 2 | [`queue`], [`rate`] | work to be done at a time, each piece by one node; limits over all nodes |
//! | 1 | [`platform`] | the databases; requests that leave; counts, tallies of requests, traces |
//! | 0 | [`base`] | words everybody may use |
//!
//! # The spine
//!
//! Every change to content or schema runs in one transaction that also appends to the change log
//! ([`changes`]). What follows from a change reads the log from a cursor of its own; nothing is called
//! "after save". The log is read in commit order also on PostgreSQL, where numbers are taken before
//! commit.
//!
//! # Nodes
//!
//! A node keeps nothing but caches. On PostgreSQL there may be any number: they announce what they wrote after
//! the commit ([`platform::database::Database::announce`]; within it, writers would commit one after another: a
//! third of the commits per second at eight clients) and look by themselves five times a second. Work is claimed
//! by the database's clock with a fence, and its effect commits together with its end ([`queue::Lease`]).
//!
//! # Content
//!
//! - A document has an identity (`documentId`) and up to two stages, draft and published, which stand in
//!   tables of their own: an index that starts with a status would match half of a shared table.
//! - Fields have immutable ids; physical names come from ids ([`schema::layout`]). A rename is one row of
//!   metadata; what is dropped keeps its column and can be restored.
//! - Links name documents, not rows, per stage of their owner; status and locale are resolved when read.
//!   Both sides of a two-way relation are one set of links, stored with the owning side.
//! - Shared fields are stored once beside a row per locale.
//! - Components, dynamic zones and blocks are JSON columns keyed by field id.
//! - A version is the whole working copy; delete is a trash; every write can name the revision it
//!   started from.
//!
//! # Three trips
//!
//! **A read**: [`server::delivery`] finds the caller and their view ([`access::View`]) → [`query::text`]
//! parses the query string → [`query::check`] resolves every name in that view, so that unknown and
//! forbidden are the same 400 → [`query::compile`] makes one statement whose only row is the JSON of the
//! page → [`delivery`] completes component items, one statement per populated level, and frames the bytes.
//!
//! **A write**: [`schema::validate`] checks all rules at once → [`entries::resolve`] looks up every
//! document that is named → [`entries::Entries`] loads the document, applies a pure act ([`entries::acts`])
//! and saves the difference, the version and the change in one transaction. On SQLite one writer commits
//! many such jobs together and acknowledges none before the commit is synced ([`platform::database`]).
//!
//! **A schema change**: [`schema::files`] reads and [`schema::check`] checks a folder as a whole →
//! [`schema::plan`] finds the steps → [`schema::store`] carries them out in one transaction; running
//! servers notice by the generation.
//!
//! # Decisions against first sketches
//!
//! - SQL for reads is written by [`query::compile`] itself and not by a query builder: what it writes is
//!   mostly JSON-building functions, for which builders have no words.
//! - Column names are ids, so a rename needs no `ALTER TABLE`.
//! - Dates and times are text in one canonical form in both databases: they sort as they compare, and
//!   no time zone or rounding of an engine stands between what was written and what is read.
//! - A field whose kind changes keeps its old column aside.

#![cfg_attr(
    test,
    allow(
        clippy::too_many_lines,
        clippy::panic,
        clippy::needless_pass_by_value,
        reason = "a test reads from top to bottom and may stop where it stands"
    )
)]

pub mod access;
pub mod accounts;
pub mod app;
pub mod base;
pub mod changes;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod entries;
pub mod imports;
pub mod jobs;
pub mod platform;
pub mod purges;
pub mod query;
pub mod queue;
pub mod rate;
pub mod schedules;
pub mod schema;
pub mod search;
pub mod server;
pub mod sync;
pub mod webhooks;
