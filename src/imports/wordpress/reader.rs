//! The parts of an export file, one at a time.
use std::io::BufRead;

use super::element::{Element, Space, Token, XmlStream};
use super::item::{Author, Channel, Comment, Event, Item, ItemTerm, Term};
use super::{Result, WordpressError, WxrLimits};
use crate::imports::report::ImportReport;

/// Reads an export file part by part; what it does not know goes to its report.
pub struct WxrReader<R> {
    stream: XmlStream<R>,
    place: Place,
    channel: Option<Channel>,
    waiting: Option<Event>,
    report: ImportReport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeRoot,
    InRoot(u64),
    InChannel(u64),
    AfterChannel(u64),
    AfterRoot,
    Done,
}

impl<R: BufRead> WxrReader<R> {
    /// Reads from the start of a file.
    pub fn new(input: R, limits: WxrLimits) -> Self {
        Self {
            stream: XmlStream::new(input, limits),
            place: Place::BeforeRoot,
            channel: Some(Channel::default()),
            waiting: None,
            report: ImportReport::default(),
        }
    }

    /// The line that was reached.
    pub fn line(&mut self) -> u64 {
        self.stream.line()
    }

    /// How many bytes were read.
    pub fn bytes(&mut self) -> u64 {
        self.stream.bytes()
    }

    /// What was not understood so far.
    pub fn take_report(&mut self) -> ImportReport {
        let removed = std::mem::take(&mut self.stream.control_characters);
        if removed > 0 {
            self.report
                .add_many("control characters, removed", removed, String::new);
        }
        std::mem::take(&mut self.report)
    }

    fn advance(&mut self) -> Result<Option<Event>> {
        if let Some(event) = self.waiting.take() {
            return Ok(Some(event));
        }
        while self.place != Place::Done {
            self.stream.refill();
            let token = self.stream.token()?;
            if let Some(event) = self.step(token)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn step(&mut self, token: Token) -> Result<Option<Event>> {
        match (self.place, token) {
            (Place::InChannel(_), Token::Start(start)) => {
                let element = self.stream.tree(start)?;
                return self.below_channel(element);
            }
            (Place::InChannel(_), Token::Empty(element)) => return self.below_channel(element),
            (Place::BeforeRoot, Token::Start(root)) => self.enter_root(&root)?,
            (Place::InRoot(start), Token::Start(element)) if element.name == "channel" => {
                self.place = Place::InChannel(start);
            }
            (Place::InRoot(_) | Place::AfterChannel(_), Token::Start(element)) => {
                let line = element.line;
                if element.name == "channel" {
                    return Err(WordpressError::broken(line, "a second <channel>"));
                }
                let element = self.stream.tree(element)?;
                self.unknown(&element);
            }
            (Place::InChannel(start), Token::End) => {
                self.place = Place::AfterChannel(start);
                return self.channel_end();
            }
            (Place::InRoot(_) | Place::AfterChannel(_), Token::End) => {
                if let Place::InRoot(line) = self.place {
                    return Err(not_an_export(line, "the file has no <channel>"));
                }
                self.place = Place::AfterRoot;
            }
            (place, Token::Eof) => self.end_of_file(place)?,
            (Place::BeforeRoot, Token::Empty(root)) => {
                return Err(not_an_export(
                    root.line,
                    "the file is empty but for its root",
                ));
            }
            (place, Token::Text(text) | Token::Cdata(text)) => self.stray_text(place, &text)?,
            (_, Token::Start(element) | Token::Empty(element)) => {
                return Err(WordpressError::broken(
                    element.line,
                    format!("<{}> after the end of the root", element.name),
                ));
            }
            (_, Token::End) => {}
        }
        Ok(None)
    }

    fn enter_root(&mut self, root: &Element) -> Result<()> {
        if root.name != "rss" {
            return Err(not_an_export(
                root.line,
                format!("the root is <{}>, not <rss>", root.name),
            ));
        }
        let wordpress = root
            .attributes
            .iter()
            .any(|(_, value)| value.contains("wordpress.org/export/"));
        if !wordpress {
            return Err(not_an_export(
                root.line,
                "this is an ordinary RSS feed, not a WordPress export",
            ));
        }
        self.place = Place::InRoot(root.line);
        Ok(())
    }

    fn end_of_file(&mut self, place: Place) -> Result<()> {
        let start = match place {
            Place::AfterRoot | Place::Done => {
                self.place = Place::Done;
                return Ok(());
            }
            Place::BeforeRoot => {
                let line = self.stream.line();
                return Err(not_an_export(line, "the file holds no XML element"));
            }
            Place::InRoot(start) | Place::InChannel(start) | Place::AfterChannel(start) => start,
        };
        Err(self.stream.ends_early("rss", start))
    }

    fn stray_text(&mut self, place: Place, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let line = self.stream.line();
        match place {
            Place::BeforeRoot => Err(not_an_export(line, "text before the first XML element")),
            Place::AfterRoot => Err(WordpressError::broken(
                line,
                "text after the end of the root",
            )),
            _ => {
                self.report
                    .add("text between elements, left out", || format!("line {line}"));
                Ok(())
            }
        }
    }

    /// Hands over the channel before the first part that is not about the site itself.
    fn channel_first(&mut self, event: Event) -> Result<Option<Event>> {
        let Some(channel) = self.channel.take() else {
            return Ok(Some(event));
        };
        self.waiting = Some(event);
        self.checked_channel(channel).map(Some)
    }

    fn channel_end(&mut self) -> Result<Option<Event>> {
        let Some(channel) = self.channel.take() else {
            return Ok(None);
        };
        self.checked_channel(channel).map(Some)
    }

    fn checked_channel(&mut self, channel: Channel) -> Result<Event> {
        let line = self.stream.line();
        match channel.wxr_version.as_str() {
            "1.0" | "1.1" | "1.2" => Ok(Event::Channel(channel)),
            "" => Err(not_an_export(line, "<wp:wxr_version> is missing")),
            other => Err(not_an_export(
                line,
                format!(
                    "version {other:?} of the export format is unknown; 1.0, 1.1 and 1.2 are read"
                ),
            )),
        }
    }

    fn below_channel(&mut self, element: Element) -> Result<Option<Event>> {
        let event = match (element.space, element.name.as_str()) {
            (Space::Wordpress, "author") => Event::Author(self.author(element)),
            (Space::Wordpress, "category") => Event::Term(self.category(element)),
            (Space::Wordpress, "tag") => Event::Term(self.tag(element)),
            (Space::Wordpress, "term") => Event::Term(self.term(element)),
            (Space::Plain, "item") => Event::Item(Box::new(self.item(element))),
            _ => {
                self.about_site(element);
                return Ok(None);
            }
        };
        self.channel_first(event)
    }

    fn about_site(&mut self, element: Element) {
        let Some(channel) = self.channel.as_mut() else {
            return self.unknown_unless_usual(&element);
        };
        let field = match (element.space, element.name.as_str()) {
            (Space::Plain, "title") => &mut channel.title,
            (Space::Plain, "link") => &mut channel.link,
            (Space::Plain, "description") => &mut channel.description,
            (Space::Plain, "language") => &mut channel.language,
            (Space::Wordpress, "wxr_version") => &mut channel.wxr_version,
            (Space::Wordpress, "base_site_url") => &mut channel.base_site_url,
            (Space::Wordpress, "base_blog_url") => &mut channel.base_blog_url,
            _ => return self.unknown_unless_usual(&element),
        };
        *field = element.text.trim().to_owned();
    }

    /// Says nothing about the parts of every feed that hold no content.
    fn unknown_unless_usual(&mut self, element: &Element) {
        let usual = ["pubDate", "generator", "image", "link", "cloud"];
        if !usual.contains(&element.name.as_str()) {
            self.unknown(element);
        }
    }

    fn unknown(&mut self, element: &Element) {
        let name: String = element.name.chars().take(60).collect();
        self.report
            .add(&format!("unknown elements <{name}>, left out"), || {
                format!("line {}", element.line)
            });
    }

    fn author(&mut self, element: Element) -> Author {
        let mut author = Author::default();
        for child in element.children {
            let field = match child.name.as_str() {
                "author_id" => &mut author.id,
                "author_login" => &mut author.login,
                "author_email" => &mut author.email,
                "author_display_name" => &mut author.display_name,
                "author_first_name" => &mut author.first_name,
                "author_last_name" => &mut author.last_name,
                _ => {
                    self.unknown(&child);
                    continue;
                }
            };
            *field = child.text.trim().to_owned();
        }
        author
    }

    fn category(&mut self, element: Element) -> Term {
        let names = [
            "category_nicename",
            "category_parent",
            "cat_name",
            "category_description",
        ];
        self.any_term(element, "category", names)
    }

    fn tag(&mut self, element: Element) -> Term {
        let names = ["tag_slug", "tag_parent", "tag_name", "tag_description"];
        self.any_term(element, "post_tag", names)
    }

    fn term(&mut self, element: Element) -> Term {
        let names = ["term_slug", "term_parent", "term_name", "term_description"];
        self.any_term(element, "", names)
    }

    fn any_term(&mut self, element: Element, taxonomy: &str, names: [&str; 4]) -> Term {
        let mut term = Term {
            taxonomy: taxonomy.to_owned(),
            ..Term::default()
        };
        let [slug, parent, name, description] = names;
        for child in element.children {
            let field = match child.name.as_str() {
                "term_id" => &mut term.id,
                "term_taxonomy" => &mut term.taxonomy,
                found if found == slug => &mut term.slug,
                found if found == parent => &mut term.parent,
                found if found == name => &mut term.name,
                found if found == description => &mut term.description,
                "termmeta" => {
                    self.report.add("meta of terms, left out", String::new);
                    continue;
                }
                _ => {
                    self.unknown(&child);
                    continue;
                }
            };
            *field = child.text.trim().to_owned();
        }
        term
    }

    fn item(&mut self, element: Element) -> Item {
        let mut item = Item {
            line: element.line,
            ..Item::default()
        };
        for child in element.children {
            match (child.space, child.name.as_str()) {
                (Space::Plain, "category") => item.terms.push(item_term(child)),
                (Space::Wordpress, "postmeta") => item.meta.push(meta(child)),
                (Space::Wordpress, "comment") => {
                    let comment = self.comment(child);
                    item.comments.push(comment);
                }
                _ => match item_field(&mut item, &child) {
                    Some((field, true)) => *field = child.text,
                    Some((field, false)) => *field = child.text.trim().to_owned(),
                    None => self.unknown(&child),
                },
            }
        }
        item
    }

    fn comment(&mut self, element: Element) -> Comment {
        let mut comment = Comment::default();
        for child in element.children {
            let field = match child.name.as_str() {
                "comment_id" => &mut comment.id,
                "comment_author" => &mut comment.author,
                "comment_author_email" => &mut comment.author_email,
                "comment_author_url" => &mut comment.author_url,
                "comment_author_IP" => &mut comment.author_ip,
                "comment_date" => &mut comment.date,
                "comment_date_gmt" => &mut comment.date_gmt,
                "comment_content" => {
                    comment.content = child.text;
                    continue;
                }
                "comment_approved" => &mut comment.approved,
                "comment_type" => &mut comment.kind,
                "comment_parent" => &mut comment.parent,
                "comment_user_id" => &mut comment.user_id,
                "commentmeta" => {
                    comment.meta.push(meta(child));
                    continue;
                }
                _ => {
                    self.unknown(&child);
                    continue;
                }
            };
            *field = child.text.trim().to_owned();
        }
        comment
    }
}

impl<R: BufRead> Iterator for WxrReader<R> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if matches!(next, Some(Err(_))) {
            self.place = Place::Done;
            self.waiting = None;
        }
        next
    }
}

fn not_an_export(line: u64, problem: impl Into<String>) -> WordpressError {
    WordpressError::NotAnExport {
        line,
        problem: problem.into(),
    }
}

/// The field of an element, and whether its white space counts.
fn item_field<'a>(item: &'a mut Item, child: &Element) -> Option<(&'a mut String, bool)> {
    let field = match (child.space, child.name.as_str()) {
        (Space::Content, "encoded") => return Some((&mut item.content, true)),
        (Space::Excerpt, "encoded") => return Some((&mut item.excerpt, true)),
        (Space::Plain, "title") => &mut item.title,
        (Space::Plain, "link") => &mut item.link,
        (Space::Plain, "guid") => &mut item.guid,
        (Space::Plain, "pubDate") => &mut item.pub_date,
        (Space::Plain, "description") => &mut item.description,
        (Space::DublinCore, "creator") => &mut item.creator,
        (Space::Wordpress, name) => match name {
            "post_id" => &mut item.post_id,
            "post_date" => &mut item.post_date,
            "post_date_gmt" => &mut item.post_date_gmt,
            "post_modified" => &mut item.post_modified,
            "post_modified_gmt" => &mut item.post_modified_gmt,
            "comment_status" => &mut item.comment_status,
            "ping_status" => &mut item.ping_status,
            "post_name" => &mut item.post_name,
            "status" => &mut item.status,
            "post_parent" => &mut item.post_parent,
            "menu_order" => &mut item.menu_order,
            "post_type" => &mut item.post_type,
            "post_password" => &mut item.post_password,
            "is_sticky" => &mut item.is_sticky,
            "attachment_url" => &mut item.attachment_url,
            _ => return None,
        },
        _ => return None,
    };
    Some((field, false))
}

fn item_term(element: Element) -> ItemTerm {
    ItemTerm {
        taxonomy: match element.attribute("domain") {
            None | Some("") => "category".to_owned(),
            // Version 1.0 says it so.
            Some("tag") => "post_tag".to_owned(),
            Some(other) => other.trim().to_owned(),
        },
        slug: element
            .attribute("nicename")
            .map(str::trim)
            .filter(|slug| !slug.is_empty())
            .map(str::to_owned),
        name: element.text.trim().to_owned(),
    }
}

fn meta(mut element: Element) -> (String, String) {
    let key = element
        .child_text(Space::Wordpress, "meta_key")
        .unwrap_or_default();
    let value = element
        .child_text(Space::Wordpress, "meta_value")
        .unwrap_or_default();
    (key.trim().to_owned(), value)
}
