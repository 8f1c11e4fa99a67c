//! One page of the feed.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::{Entries, Found};
use super::gather::{Gathered, Wanted};
use super::token::{Phase, Position};
use super::{Event, Filter, Item, Keys, Live, SyncConfig, SyncError, Token, copy, history, log};
use crate::access::View;
use crate::base::limits::QueryLimits;
use crate::platform::database::Database;
use crate::schema::ContentType;

/// Documents whose entries are read together.
const TOGETHER: usize = 50;

/// Whom a page is for and what it may hold.
#[derive(Debug, Clone, Copy)]
pub struct Feed<'a> {
    /// The database.
    pub database: &'a Database,
    /// What the caller may see.
    pub view: &'a View,
    /// What they asked for.
    pub filter: &'a Filter,
    /// What that means in the view ([`Filter::meaning`]).
    pub meaning: &'a str,
    /// The end of the log as all streams see it.
    pub live: &'a Live,
    /// What tokens are made with.
    pub keys: &'a Keys,
    /// Bounds of queries.
    pub limits: &'a QueryLimits,
    /// Bounds of the feed.
    pub config: &'a SyncConfig,
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What changed.
    pub items: Vec<Item>,
    /// Where to go on.
    pub next: Token,
    /// Whether more follows at once.
    pub has_more: bool,
}

/// The page after a token, or the first one.
///
/// # Errors
/// When the token is of no use any more, or the database fails.
pub async fn page(feed: Feed<'_>, token: Option<&Token>, most: u32) -> Result<Page, SyncError> {
    let position = match token {
        None => feed.beginning().await?,
        Some(token) => feed.resolve(token).await?,
    };
    match token {
        Some(token) if token.view != feed.meaning => feed.anew(token).await,
        _ => feed.after(&position, most).await,
    }
}

/// The page after a token that was resolved or given in this process, for streams.
///
/// # Errors
/// As [`page`].
pub async fn follow(feed: Feed<'_>, token: &Token, most: u32) -> Result<Page, SyncError> {
    match token.view == feed.meaning {
        true => feed.after(&token.position, most).await,
        false => feed.anew(token).await,
    }
}

impl Feed<'_> {
    /// A token as it stands in the log now.
    ///
    /// # Errors
    /// When the log does not know its place, or does not know any more what came after it.
    pub async fn checked(&self, token: Token) -> Result<Token, SyncError> {
        let position = self.resolve(&token).await?;
        Ok(Token { position, ..token })
    }

    async fn resolve(&self, token: &Token) -> Result<Position, SyncError> {
        if token.log_id != self.keys.log_id {
            return Err(SyncError::OtherHistory);
        }
        Ok(Position {
            at: history::resolve(self.database, &token.position.at).await?,
            phase: token.position.phase,
        })
    }

    async fn after(&self, position: &Position, most: u32) -> Result<Page, SyncError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
        let gathered = match position.phase {
            Phase::Copy(type_id, doc) => copy::gather(self, position, (type_id, doc), most).await?,
            Phase::Log | Phase::Referrers(_) => {
                let changes = log::changes_after(self, &position.at).await?;
                log::gather(self, position, &changes, most).await?
            }
        };
        let Filled { items, end, more } = self.fill(gathered).await?;
        Ok(Page {
            items,
            next: self.token(end),
            has_more: more,
        })
    }

    /// The token of whoever has everything up to now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn now(&self) -> Result<Token, SyncError> {
        let position = Position {
            at: history::end(self.database).await?,
            phase: Phase::Log,
        };
        Ok(self.token(position))
    }

    /// The end of the log comes first: what changes while everything is being given is given again.
    async fn beginning(&self) -> Result<Position, SyncError> {
        Ok(Position {
            at: history::end(self.database).await?,
            phase: Phase::Copy(0, 0),
        })
    }

    /// What the caller holds has another form, or is not theirs to see: they are told, and all begins anew.
    async fn anew(&self, token: &Token) -> Result<Page, SyncError> {
        let event = match token.generation == self.view.schema().generation {
            true => Event::Rights,
            false => Event::Schema,
        };
        Ok(Page {
            items: vec![Item::reset(event)],
            next: self.token(self.beginning().await?),
            has_more: true,
        })
    }

    fn token(&self, position: Position) -> Token {
        Token {
            log_id: self.keys.log_id.clone(),
            position,
            filter: self.filter.clone(),
            view: self.meaning.to_owned(),
            generation: self.view.schema().generation,
        }
    }

    /// Reads the entries of what was gathered; ends early when they are many bytes.
    async fn fill(&self, gathered: Gathered) -> Result<Filled, SyncError> {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut wanted = gathered.wanted.as_slice();
        while let Some((first, _)) = wanted.split_first() {
            if bytes > self.config.page_bytes {
                let end = first.before.clone();
                return Ok(Filled {
                    items,
                    end,
                    more: true,
                });
            }
            let (together, rest) = wanted.split_at(TOGETHER.min(wanted.len()));
            let found = self.entries(together).await?;
            for one in together {
                self.items_of(one, &found, &mut items, &mut bytes);
            }
            wanted = rest;
        }
        Ok(Filled {
            items,
            end: gathered.end,
            more: gathered.more,
        })
    }

    async fn entries(&self, wanted: &[Wanted]) -> Result<Found, SyncError> {
        let entries = Entries {
            database: self.database,
            view: self.view,
            filter: self.filter,
            limits: self.limits,
        };
        let mut by_type: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for one in wanted {
            by_type.entry(one.type_id).or_default().push(one.doc);
        }
        let mut found = Found::new();
        for (type_id, docs) in by_type {
            if let Some(one) = self.filter.type_of(self.view, type_id) {
                found.extend(entries.of(one, &docs).await?);
            }
        }
        Ok(found)
    }

    fn items_of(&self, one: &Wanted, found: &Found, items: &mut Vec<Item>, bytes: &mut u64) {
        let Some(content_type) = self.filter.type_of(self.view, one.type_id) else {
            return;
        };
        let item = |event, locale: &str, entry| Item {
            event,
            type_name: content_type.singular.clone(),
            document_id: one.document_id.clone(),
            locale: locale.to_owned(),
            entry,
        };
        let first = (one.doc, String::new());
        let public = found
            .range(first..)
            .take_while(|((doc, _), _)| *doc == one.doc);
        let mut here = BTreeSet::new();
        for ((_, locale), entry) in public {
            *bytes += entry.as_ref().map_or(0, |entry| entry.len() as u64);
            items.push(item(Event::Upsert, locale, entry.clone()));
            here.insert(locale.as_str());
        }
        let event = match one.deleted {
            true => Event::Delete,
            false => Event::Unpublish,
        };
        for locale in self.gone(one, content_type) {
            if !here.contains(locale.as_str()) && self.filter.takes_locale(&locale) {
                items.push(item(event, &locale, None));
            }
        }
    }

    /// The locales in which a document may have been public.
    fn gone(&self, one: &Wanted, content_type: &ContentType) -> BTreeSet<String> {
        let mut gone = one.gone.clone();
        if one.anything_gone {
            match content_type.localized {
                false => {
                    gone.insert(String::new());
                }
                true => {
                    let locales = self.view.schema().locales().iter();
                    gone.extend(locales.map(|locale| locale.code.clone()));
                }
            }
        }
        gone
    }
}

/// The items of a page and where to go on.
struct Filled {
    items: Vec<Item>,
    end: Position,
    more: bool,
}
