//! The first pass: reads all of a file, refuses what is broken, and indexes the rest.
use std::io::BufRead;

use super::entries::{Fate, fate, item_key, menu_of};
use super::identity::Site;
use super::index::{Index, is_content};
use super::item::{Author, Channel, Event, Item, Term};
use super::reader::WxrReader;
use super::slugs::{slugify, valid_slug};
use super::types::{self, Definition};
use super::{Result, WordpressError, WxrLimits, comments};

/// How much a file holds, skipped things included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items of the type `post`.
    pub posts: u64,
    /// Items of the type `page`.
    pub pages: u64,
    /// Items of the type `attachment`.
    pub attachments: u64,
    /// Items of the type `nav_menu_item`.
    pub menu_items: u64,
    /// Items of other types.
    pub other_items: u64,
    /// Comments, pingbacks and trackbacks.
    pub comments: u64,
    /// Authors, with those that only items name.
    pub authors: u64,
    /// Categories, with those that only items name.
    pub categories: u64,
    /// Tags, with those that only items name.
    pub tags: u64,
    /// Menus.
    pub menus: u64,
    /// Terms of other taxonomies.
    pub other_terms: u64,
    /// Items and comments that are not imported; the report says why.
    pub skipped: u64,
    /// Records that [`super::records`] will hand over.
    pub records: u64,
}

/// What the first pass found.
#[derive(Debug)]
pub struct Survey {
    pub(super) index: Index,
    channel: Channel,
    counts: Counts,
}

impl Survey {
    /// What the file says about the site.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// How much the file holds.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The content types that the records need, each as a schema file would say it.
    pub fn definitions(&self) -> Vec<Definition> {
        types::definitions(&self.index)
    }
}

/// Reads all of a file without handing anything over.
///
/// # Errors
/// If the file is no export, is not well-formed, or passes a limit.
pub fn check<R: BufRead>(input: R, limits: &WxrLimits) -> Result<Survey> {
    let mut survey = Survey {
        index: Index::default(),
        channel: Channel::default(),
        counts: Counts::default(),
    };
    let mut reader = WxrReader::new(input, limits.clone());
    let mut number = 0u32;
    while let Some(event) = reader.next() {
        match event? {
            Event::Channel(channel) => survey.see_channel(channel),
            Event::Author(author) => survey.index.add_author(author),
            Event::Term(term) if is_content(&term.taxonomy) => survey.index.add_term(term),
            Event::Term(_) => {}
            Event::Item(item) => {
                survey.see_item(&item, number);
                number = number.saturating_add(1);
            }
        }
        survey.within(limits, &mut reader)?;
    }
    survey.index.settle();
    survey.count();
    Ok(survey)
}

impl Survey {
    fn see_channel(&mut self, channel: Channel) {
        let address = [&channel.base_blog_url, &channel.link, &channel.title];
        let address = address.into_iter().find(|text| !text.is_empty());
        self.index.site = address.map(|address| Site::new(address));
        self.channel = channel;
    }

    fn see_item(&mut self, item: &Item, number: u32) {
        let count = match item.post_type.as_str() {
            "post" => &mut self.counts.posts,
            "page" => &mut self.counts.pages,
            "attachment" => &mut self.counts.attachments,
            "nav_menu_item" => &mut self.counts.menu_items,
            _ => &mut self.counts.other_items,
        };
        *count += 1;
        self.counts.comments += item.comments.len() as u64;
        let item_fate = fate(item);
        if let Fate::Skip(_) = item_fate {
            self.counts.skipped += 1 + item.comments.len() as u64;
            return;
        }
        self.counts.records += 1;
        let kept = item
            .comments
            .iter()
            .filter(|comment| comments::is_kept(comment))
            .count() as u64;
        self.counts.records += kept;
        self.counts.skipped += item.comments.len() as u64 - kept;
        let id = item_key(item, number);
        match item.post_type.as_str() {
            "attachment" => {
                self.index.add_item("attachment", &id);
            }
            "nav_menu_item" => {
                let menu = menu_of(item, &self.index);
                self.index.add_item(&format!("menu {menu}"), &id);
            }
            _ => self.see_entry(item, &id, number),
        }
        self.see_names(item);
    }

    fn see_entry(&mut self, item: &Item, id: &str, number: u32) {
        self.index.add_item(&item.post_type, id);
        let usage = self.index.types.entry(item.post_type.clone()).or_default();
        usage.nested |= !matches!(item.post_parent.as_str(), "" | "0");
        usage.commented |= item.comments.iter().any(comments::is_kept);
        for term in &item.terms {
            if is_content(&term.taxonomy) && term.taxonomy != "nav_menu" {
                usage.taxonomies.insert(term.taxonomy.clone());
            }
        }
        let named = !item.post_name.is_empty();
        let wish = match valid_slug(&item.post_name) {
            slug if !slug.is_empty() => slug,
            _ => slugify(&item.title),
        };
        self.index
            .item_slugs
            .wish(&item.post_type, number, named, wish);
    }

    /// Adds authors and terms that only items name.
    fn see_names(&mut self, item: &Item) {
        if !item.creator.is_empty() && self.index.login(&item.creator).is_none() {
            self.index.add_author(Author {
                login: item.creator.clone(),
                display_name: item.creator.clone(),
                ..Author::default()
            });
        }
        for term in &item.terms {
            let slug = self.index.term_slug(term);
            if !is_content(&term.taxonomy)
                || slug.is_empty()
                || self.index.has_term(&term.taxonomy, &slug)
            {
                continue;
            }
            self.index.add_term(Term {
                taxonomy: term.taxonomy.clone(),
                name: if term.name.is_empty() {
                    slug.clone()
                } else {
                    term.name.clone()
                },
                slug,
                ..Term::default()
            });
        }
    }

    fn within<R: BufRead>(&self, limits: &WxrLimits, reader: &mut WxrReader<R>) -> Result<()> {
        let index = &self.index;
        let terms = index.terms.len() + index.authors.len();
        let (what, limit) = if terms > limits.terms {
            ("the number of terms and authors", limits.terms)
        } else if index.types.len() > limits.custom_types {
            ("the number of post types", limits.custom_types)
        } else {
            return Ok(());
        };
        let limit = limit as u64;
        Err(WordpressError::Limit {
            line: reader.line(),
            what,
            limit,
        })
    }

    fn count(&mut self) {
        for (taxonomy, _) in self.index.terms.keys() {
            let count = match taxonomy.as_str() {
                "category" => &mut self.counts.categories,
                "post_tag" => &mut self.counts.tags,
                "nav_menu" => &mut self.counts.menus,
                _ => &mut self.counts.other_terms,
            };
            *count += 1;
        }
        self.counts.authors = self.index.authors.len() as u64;
        self.counts.records += self.counts.authors + self.index.terms.len() as u64;
    }
}
