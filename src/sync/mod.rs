//! What changed since: the feed that copies of public content follow.
//!
//! A [`Token`] says how far somebody has come; [`page`] gives what comes next. Without a token the feed begins with
//! everything that is public, then goes on with the change log from where it stood at the beginning. Items tell the
//! state of now, not of the change, so that following the feed to its end gives what the server has.
//!
//! **Always true**: every change that alters what a caller may read of an entry gives an item to that caller after it;
//! an item holds nothing that the caller's view does not. What alters it without a change of its own (a file, the
//! publication of what it refers to) gives an item as well. If the view itself changes, the feed says so and begins
//! anew by itself.
//! **Knows nothing about** HTTP. Start reading at [`page`], then [`Live`] and [`node`].

mod config;
mod copy;
mod entries;
mod error;
mod filter;
mod gather;
mod history;
mod items;
mod keys;
mod live;
mod log;
pub mod node;
mod page;
mod token;

pub use config::SyncConfig;
pub use error::SyncError;
pub use filter::Filter;
pub use items::{Event, Item};
pub use keys::Keys;
pub use live::{Live, Moment};
pub use page::{Feed, Page, follow, page};
pub use token::Token;
