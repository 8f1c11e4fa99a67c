//! Tympan: a headless CMS in one binary.
pub mod access;
pub mod base;
pub mod query;
pub mod schema;
pub mod platform;
