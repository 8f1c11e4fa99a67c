//! One element below the channel as a tree.

/// Which vocabulary the name of an element belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Plain,
    Wordpress,
    Content,
    Excerpt,
    DublinCore,
    Other,
}

/// An element with everything in it.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) space: Space,
    pub(super) name: String,
    pub(super) line: u64,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
    pub(super) has_cdata: bool,
}

impl Element {
    /// The text of the first child of this name.
    pub(super) fn child_text(&mut self, space: Space, name: &str) -> Option<String> {
        self.children
            .iter_mut()
            .find(|child| child.space == space && child.name == name)
            .map(|child| std::mem::take(&mut child.text))
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn add_text(&mut self, text: &str) {
        // Files that were laid out by hand have white space around CDATA sections.
        if self.has_cdata && text.trim().is_empty() {
            return;
        }
        self.text.push_str(text);
    }

    pub(super) fn add_cdata(&mut self, text: &str) {
        if !self.has_cdata && self.text.trim().is_empty() {
            self.text.clear();
        }
        self.has_cdata = true;
        self.text.push_str(text);
    }
}

/// The vocabulary that a namespace stands for, in any version.
pub(super) fn space_of(uri: &str) -> Space {
    if uri.contains("purl.org/rss/1.0/modules/content") {
        Space::Content
    } else if uri.contains("purl.org/dc/elements") {
        Space::DublinCore
    } else if uri.contains("wordpress.org/export/") {
        if uri.trim_end_matches('/').ends_with("excerpt") {
            Space::Excerpt
        } else {
            Space::Wordpress
        }
    } else {
        Space::Other
    }
}
