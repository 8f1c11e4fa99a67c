//! Tympan: a headless CMS in one binary.
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
pub mod platform;
pub mod query;
pub mod schema;
pub mod server;
