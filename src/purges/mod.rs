//! Purges: a CDN is told which cache tags it must forget.
//!
//! Wishes are rows of `purge_tags`, one per tag however often it is wished for; one node at a time takes its turn,
//! gathers as many tags as the CDN takes in one call, and forgets a wish only when the CDN has confirmed it and nobody
//! wished for the tag again meanwhile. A call that fails is made again, with growing waits, for ever: a page that stays
//! stale is worse than a call too many. With very many tags waiting everything is purged instead.
//!
//! Always true: a wish that is committed is carried out, also after a crash; the CDN gets no more calls per minute than
//! configured; the token is in no log and no answer.
//! **Knows nothing about** what the tags stand for. Start reading at [`enqueue`] and [`Purger::run`].

mod adapter;
mod queue;
mod run;

pub use queue::{Status, enqueue, enqueue_in, status};
pub use run::Purger;

use serde::{Deserialize, Serialize};

use crate::platform::http_client::Target;

/// The tag that stands for everything.
pub const EVERYTHING: &str = "*";
/// Most bytes of a tag.
const TAG_BYTES: usize = 128;

/// Which CDN is told, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Adapter {
    /// None.
    #[default]
    None,
    /// Fastly, by surrogate key.
    Fastly,
    /// Cloudflare, by cache tag.
    Cloudflare,
    /// Varnish with the xkey module.
    Varnish,
    /// A program of one's own, by a signed POST.
    Webhook,
}

/// Which CDN is told, and how.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PurgeConfig {
    /// The CDN.
    pub adapter: Adapter,
    /// Where it is told; empty = where the vendor says. Each of several Varnish servers is told.
    pub urls: Vec<String>,
    /// Fastly: the service; Cloudflare: the zone.
    pub service: String,
    /// Fastly and Cloudflare: the API token; webhook: the secret it is signed with.
    pub token: String,
    /// Whether stale content may be served while it is fetched again (Fastly, Varnish).
    pub soft: bool,
    /// Calls per minute.
    pub per_minute: u32,
    /// With more tags waiting than this, everything is purged.
    pub most_tags: u32,
}

impl Default for PurgeConfig {
    fn default() -> Self {
        Self {
            adapter: Adapter::None,
            urls: Vec::new(),
            service: String::new(),
            token: String::new(),
            soft: false,
            per_minute: 60,
            most_tags: 2000,
        }
    }
}

impl std::fmt::Debug for PurgeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PurgeConfig")
            .field("adapter", &self.adapter)
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

impl PurgeConfig {
    /// Whether anybody is told.
    pub fn is_on(&self) -> bool {
        self.adapter != Adapter::None
    }

    /// Refuses settings with which nobody could be told.
    ///
    /// # Errors
    /// What is missing, and which setting gives it.
    pub fn check(&self) -> Result<(), String> {
        let needs = |given: &str, name: &str, what: &str| match given.is_empty() {
            true => Err(format!("`purge.adapter` needs {what}: set `purge.{name}`")),
            false => Ok(()),
        };
        match self.adapter {
            Adapter::None => return Ok(()),
            Adapter::Fastly => {
                needs(&self.service, "service", "the id of the service")?;
                needs(&self.token, "token", "an API token")?;
            }
            Adapter::Cloudflare => {
                needs(&self.service, "service", "the id of the zone")?;
                needs(&self.token, "token", "an API token")?;
            }
            Adapter::Varnish | Adapter::Webhook => {
                needs(&self.urls.concat(), "urls", "where to")?;
            }
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !self.service.bytes().all(plain) {
            return Err("`purge.service` must hold letters, digits, `-` and `_` only".to_owned());
        }
        for url in &self.urls {
            Target::parse(url).map_err(|error| format!("`purge.urls`: {error}"))?;
        }
        Ok(())
    }
}

/// Whether a CDN can be told a tag: 1 to 128 printable ASCII characters without blanks and commas, which part tags.
pub fn is_tag(tag: &str) -> bool {
    (1..=TAG_BYTES).contains(&tag.len())
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b',')
}
