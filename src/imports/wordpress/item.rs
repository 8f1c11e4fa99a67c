//! What an export file is made of, as it says it; nothing is interpreted here.

/// One part of an export file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// What the file says about the site before its first author, term or item.
    Channel(Channel),
    /// Somebody who wrote.
    Author(Author),
    /// A category, tag, or term of another taxonomy.
    Term(Term),
    /// A post, page, attachment, menu item or anything else with a type.
    Item(Box<Item>),
}

/// The site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub title: String,
    /// Its address.
    pub link: String,
    /// Its subtitle.
    pub description: String,
    /// Such as `en-US`.
    pub language: String,
    /// `1.0`, `1.1` or `1.2`.
    pub wxr_version: String,
    /// The address of the installation.
    pub base_site_url: String,
    /// The address of the blog, if there are several in the installation.
    pub base_blog_url: String,
}

/// Somebody who wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The number in WordPress, if the file says it.
    pub id: String,
    /// What items name as their creator.
    pub login: String,
    /// The e-mail address.
    pub email: String,
    /// The name that readers see.
    pub display_name: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
}

/// A term of a taxonomy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Term {
    /// `category`, `post_tag`, `nav_menu` or another.
    pub taxonomy: String,
    /// The number in WordPress, if the file says it.
    pub id: String,
    /// The name in addresses, unique in the taxonomy.
    pub slug: String,
    /// The slug of the parent, or empty.
    pub parent: String,
    /// The name that readers see.
    pub name: String,
    /// The description.
    pub description: String,
}

/// A term that an item has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemTerm {
    /// The taxonomy.
    pub taxonomy: String,
    /// The slug, which files of version 1.0 leave out.
    pub slug: Option<String>,
    /// The name.
    pub name: String,
}

/// A post, page, attachment, menu item or anything else with a type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are those of the format, with its names"
)]
pub struct Item {
    pub line: u64,
    pub title: String,
    pub link: String,
    pub guid: String,
    pub creator: String,
    pub pub_date: String,
    pub description: String,
    pub content: String,
    pub excerpt: String,
    pub post_id: String,
    pub post_date: String,
    pub post_date_gmt: String,
    pub post_modified: String,
    pub post_modified_gmt: String,
    pub comment_status: String,
    pub ping_status: String,
    pub post_name: String,
    pub status: String,
    pub post_parent: String,
    pub menu_order: String,
    pub post_type: String,
    pub post_password: String,
    pub is_sticky: String,
    pub attachment_url: String,
    pub terms: Vec<ItemTerm>,
    pub meta: Vec<(String, String)>,
    pub comments: Vec<Comment>,
}

impl Item {
    /// The first value of a meta key.
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.meta
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }
}

/// A comment, pingback or trackback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are those of the format, with its names"
)]
pub struct Comment {
    pub id: String,
    pub author: String,
    pub author_email: String,
    pub author_url: String,
    pub author_ip: String,
    pub date: String,
    pub date_gmt: String,
    pub content: String,
    pub approved: String,
    pub kind: String,
    pub parent: String,
    pub user_id: String,
    pub meta: Vec<(String, String)>,
}
