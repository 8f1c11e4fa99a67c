//! The parts of an export file, one at a time.
use std::io::BufRead;

use super::element::{Element, Space};
use super::item::{Channel, Event};
use super::stream::{Token, XmlStream};
use super::{Result, WordpressError, WxrLimits};
use crate::imports::report::ImportReport;

/// Reads an export file part by part; what it does not know goes to its report.
pub struct WxrReader<R> {
    stream: XmlStream<R>,
    place: Place,
    channel: Option<Channel>,
    waiting: Option<Event>,
    pub(super) report: ImportReport,
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
                self.about_site(&element);
                return Ok(None);
            }
        };
        self.channel_first(event)
    }

    fn about_site(&mut self, element: &Element) {
        let Some(channel) = self.channel.as_mut() else {
            return self.unknown_unless_usual(element);
        };
        let field = match (element.space, element.name.as_str()) {
            (Space::Plain, "title") => &mut channel.title,
            (Space::Plain, "link") => &mut channel.link,
            (Space::Plain, "description") => &mut channel.description,
            (Space::Plain, "language") => &mut channel.language,
            (Space::Wordpress, "wxr_version") => &mut channel.wxr_version,
            (Space::Wordpress, "base_site_url") => &mut channel.base_site_url,
            (Space::Wordpress, "base_blog_url") => &mut channel.base_blog_url,
            _ => return self.unknown_unless_usual(element),
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

    pub(super) fn unknown(&mut self, element: &Element) {
        let name: String = element.name.chars().take(60).collect();
        self.report
            .add(&format!("unknown elements <{name}>, left out"), || {
                format!("line {}", element.line)
            });
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
