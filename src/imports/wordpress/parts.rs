//! Turns the elements of an export into authors, terms, items and comments.
use std::io::BufRead;

use super::element::{Element, Space};
use super::item::{Author, Comment, Item, ItemTerm, Term};
use super::reader::WxrReader;

impl<R: BufRead> WxrReader<R> {
    pub(super) fn author(&mut self, element: Element) -> Author {
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

    pub(super) fn category(&mut self, element: Element) -> Term {
        let names = [
            "category_nicename",
            "category_parent",
            "cat_name",
            "category_description",
        ];
        self.any_term(element, "category", names)
    }

    pub(super) fn tag(&mut self, element: Element) -> Term {
        let names = ["tag_slug", "tag_parent", "tag_name", "tag_description"];
        self.any_term(element, "post_tag", names)
    }

    pub(super) fn term(&mut self, element: Element) -> Term {
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

    pub(super) fn item(&mut self, element: Element) -> Item {
        let mut item = Item {
            line: element.line,
            ..Item::default()
        };
        for child in element.children {
            match (child.space, child.name.as_str()) {
                (Space::Plain, "category") => item.terms.push(item_term(&child)),
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

fn item_term(element: &Element) -> ItemTerm {
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
