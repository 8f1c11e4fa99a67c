//! Read nodes: a database that follows another instance and serves what is public there, also while that is down.
//!
//! The origin gives rows, not answers ([`give`]): schema, rights, and of each document what is public with its
//! numbers, so that the node answers byte for byte the same. Of drafts it gives only when they changed, which
//! `publicationFilter` asks for. The node takes a page and the place behind it in one transaction ([`Follower`]), and
//! writes the changes to its own log, which its cache, its index and its live streams follow as everywhere.
//!
//! **Always true**: what the node serves is what the origin served at one moment, or on the way from one to the next; a
//! new schema is served from the moment all content of it is there. A node has no content of its own.
//! Start reading at [`Follower::step`] and [`give`].

mod apply;
mod client;
mod document;
mod follower;
mod following;
mod give;
mod staging;
mod state;

pub use client::{Origin, OriginError};
pub use document::Answer;
pub use follower::{FollowError, Follower, Step};
pub use following::{FollowConfig, Following};
pub use give::{Request, give};
pub use state::{followed_origin, foreign_content};
