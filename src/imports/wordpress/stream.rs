//! The XML stream of an export: bounded, clean of control characters, with lines in its errors.
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event as Xml};

use super::element::{Element, Space, space_of};
use super::entities;
use super::source::{BudgetSpent, LineSource};
use super::{Result, WordpressError, WxrLimits};

/// The XML stream with its place in the file.
pub(super) struct XmlStream<R> {
    xml: Reader<LineSource<R>>,
    buffer: Vec<u8>,
    limits: WxrLimits,
    prefixes: Vec<(String, Space)>,
    /// Characters that XML does not allow, which were left out.
    pub(super) control_characters: u64,
}

/// What stands between elements, as far as the reader of exports cares.
pub(super) enum Token {
    Start(Element),
    /// An element without content.
    Empty(Element),
    End,
    Text(String),
    Cdata(String),
    Eof,
}

impl<R: BufRead> XmlStream<R> {
    pub(super) fn new(input: R, limits: WxrLimits) -> Self {
        let mut xml = Reader::from_reader(LineSource::new(input, limits.element_bytes));
        xml.config_mut().check_comments = false;
        Self {
            xml,
            buffer: Vec::new(),
            limits,
            prefixes: Vec::new(),
            control_characters: 0,
        }
    }

    /// The line of the next byte.
    pub(super) fn line(&mut self) -> u64 {
        self.xml.get_mut().line()
    }

    /// How many bytes of the file were read.
    pub(super) fn bytes(&mut self) -> u64 {
        self.xml.get_mut().bytes()
    }

    /// Allows the next element its full size.
    pub(super) fn refill(&mut self) {
        let budget = self.limits.element_bytes;
        self.xml.get_mut().refill(budget);
    }

    /// Reads up to the next thing that matters.
    pub(super) fn token(&mut self) -> Result<Token> {
        loop {
            let line = self.xml.get_mut().line();
            self.buffer.clear();
            // Taken out, so that the event may borrow it while the rest of `self` is in use.
            let mut buffer = std::mem::take(&mut self.buffer);
            let token = match self.xml.read_event_into(&mut buffer) {
                Ok(event) => self.convert(event, line)?,
                Err(error) => {
                    let now = self.xml.get_mut().line();
                    return Err(xml_error(&error, line, now, &self.limits));
                }
            };
            // A huge element must not keep its memory for the rest of the file.
            if buffer.capacity() <= 1024 * 1024 {
                self.buffer = buffer;
            }
            if let Some(token) = token {
                return Ok(token);
            }
        }
    }

    fn convert(&mut self, event: Xml<'_>, line: u64) -> Result<Option<Token>> {
        Ok(Some(match event {
            Xml::Start(start) => Token::Start(self.element(&start, line)?),
            Xml::Empty(start) => Token::Empty(self.element(&start, line)?),
            Xml::End(_) => Token::End,
            Xml::Text(text) => Token::Text(self.clean(&text.xml10_content())),
            Xml::CData(text) => Token::Cdata(self.clean(&text.xml10_content())),
            Xml::GeneralRef(reference) => Token::Text(self.reference(&reference, line)?),
            Xml::DocType(_) => return Err(WordpressError::Doctype { line }),
            Xml::Decl(declaration) => {
                if let Some(encoding) = declaration.encoding() {
                    let name = encoding.map_err(|cause| {
                        WordpressError::broken(line, format!("the XML declaration: {cause}"))
                    })?;
                    refuse_encoding(&name, line)?;
                }
                return Ok(None);
            }
            Xml::Comment(_) | Xml::PI(_) => return Ok(None),
            Xml::Eof => Token::Eof,
        }))
    }

    /// Reads the rest of an element whose start was read.
    pub(super) fn tree(&mut self, root: Element) -> Result<Element> {
        let mut open = vec![root];
        let mut nodes = 1usize;
        loop {
            match self.token()? {
                Token::Start(child) => {
                    self.within(nodes, open.len(), child.line)?;
                    nodes += 1;
                    open.push(child);
                }
                Token::Empty(child) => {
                    self.within(nodes, open.len(), child.line)?;
                    nodes += 1;
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(child);
                    }
                }
                Token::End => {
                    let Some(done) = open.pop() else { continue };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Ok(done),
                    }
                }
                Token::Text(text) => open
                    .iter_mut()
                    .next_back()
                    .into_iter()
                    .for_each(|element| element.add_text(&text)),
                Token::Cdata(text) => open
                    .iter_mut()
                    .next_back()
                    .into_iter()
                    .for_each(|element| element.add_cdata(&text)),
                Token::Eof => {
                    let (name, start) = open
                        .last()
                        .map(|element| (element.name.clone(), element.line))
                        .unwrap_or_default();
                    return Err(self.ends_early(&name, start));
                }
            }
        }
    }

    /// The error for a file that stops inside an element.
    pub(super) fn ends_early(&mut self, name: &str, start: u64) -> WordpressError {
        let line = self.line();
        WordpressError::broken(
            line,
            format!(
                "the file ends inside <{name}> of line {start}; it was cut off, export or copy it again"
            ),
        )
    }

    fn within(&self, nodes: usize, depth: usize, line: u64) -> Result<()> {
        let (what, limit) = if nodes >= self.limits.element_nodes {
            (
                "the number of elements in one item",
                self.limits.element_nodes,
            )
        } else if depth >= self.limits.depth {
            ("the depth of nested elements", self.limits.depth)
        } else {
            return Ok(());
        };
        Err(WordpressError::Limit {
            line,
            what,
            limit: limit as u64,
        })
    }

    fn element(&mut self, start: &BytesStart<'_>, line: u64) -> Result<Element> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute
                .map_err(|cause| WordpressError::broken(line, format!("an attribute: {cause}")))?;
            let key = attribute.key.0.to_owned();
            let value = attribute
                .normalized_value_with(quick_xml::XmlVersion::Implicit1_0, 2, |name| {
                    attribute_entity(name)
                })
                .map_err(|cause| {
                    WordpressError::broken(line, format!("the attribute {key}: {cause}"))
                })?;
            attributes.push((key, self.clean(&value)));
        }
        let name = start.name();
        let (prefix, local) = name.0.split_once(':').unwrap_or(("", name.0));
        self.learn_prefixes(&attributes);
        Ok(Element {
            space: self.space(prefix),
            name: local.to_owned(),
            line,
            attributes,
            text: String::new(),
            children: Vec::new(),
            has_cdata: false,
        })
    }

    /// Notes declared prefixes; those of exports are declared once, at the root.
    fn learn_prefixes(&mut self, attributes: &[(String, String)]) {
        for (key, value) in attributes {
            let Some(prefix) = key.strip_prefix("xmlns:") else {
                continue;
            };
            if self.prefixes.len() < 64 && self.prefixes.iter().all(|(known, _)| known != prefix) {
                self.prefixes.push((prefix.to_owned(), space_of(value)));
            }
        }
    }

    fn space(&self, prefix: &str) -> Space {
        let declared = self.prefixes.iter().find(|(known, _)| known == prefix);
        match (prefix, declared) {
            ("", _) => Space::Plain,
            (_, Some((_, space))) if *space != Space::Other => *space,
            ("wp", _) => Space::Wordpress,
            ("content", _) => Space::Content,
            ("excerpt", _) => Space::Excerpt,
            ("dc", _) => Space::DublinCore,
            _ => Space::Other,
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>, line: u64) -> Result<String> {
        let unknown = || {
            WordpressError::broken(
                line,
                format!(
                    "the entity &{}; is unknown; a plain & must be written as &amp;",
                    shown(reference)
                ),
            )
        };
        let character = match reference.resolve_char_ref().map_err(|_| unknown())? {
            Some(character) => character,
            None => entities::named(reference).ok_or_else(unknown)?,
        };
        Ok(self.clean(character.encode_utf8(&mut [0; 4])))
    }

    /// Leaves out characters that XML does not allow; databases and browsers refuse them too.
    fn clean(&mut self, text: &str) -> String {
        if !text.contains(is_control) {
            return text.to_owned();
        }
        let found = text.chars().filter(|c| is_control(*c)).count() as u64;
        self.control_characters = self.control_characters.saturating_add(found);
        text.replace(is_control, "")
    }
}

fn is_control(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

fn attribute_entity(name: &str) -> Option<&'static str> {
    Some(match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        "nbsp" => "\u{a0}",
        _ => return None,
    })
}

fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

fn refuse_encoding(name: &str, line: u64) -> Result<()> {
    if ["utf-8", "utf8", "us-ascii", "ascii"].contains(&name.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    let name = shown(name);
    Err(WordpressError::broken(
        line,
        format!("the encoding {name} is not supported; save the file as UTF-8"),
    ))
}

/// Things that were never closed are blamed on the line where they start.
fn xml_error(error: &quick_xml::Error, start: u64, now: u64, limits: &WxrLimits) -> WordpressError {
    match error {
        quick_xml::Error::Io(cause) => {
            if cause
                .get_ref()
                .is_some_and(|inner| inner.is::<BudgetSpent>())
            {
                return WordpressError::Limit {
                    line: now,
                    what: "the size of one element in bytes",
                    limit: limits.element_bytes,
                };
            }
            let cause = std::io::Error::new(cause.kind(), cause.to_string());
            WordpressError::Unreadable { line: now, cause }
        }
        quick_xml::Error::Syntax(cause) => WordpressError::broken(start, cause.to_string()),
        quick_xml::Error::Encoding(_) => {
            WordpressError::broken(now, "the text is not UTF-8; save the file as UTF-8")
        }
        other => WordpressError::broken(now, other.to_string()),
    }
}
