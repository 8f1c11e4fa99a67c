//! The frame around entries: `data` and `meta`.

use serde_json::Value;

use crate::query::Page as Asked;

/// A page of entries, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The entries as a JSON array.
    pub entries: String,
    /// How many they are.
    pub count: u64,
    /// Where the page lies.
    pub pagination: Pagination,
}

/// Where a page lies in its list, as shown in `meta.pagination`.
#[derive(Debug, Clone, PartialEq)]
pub enum Pagination {
    /// By page number.
    Pages {
        /// From 1.
        page: u64,
        /// Entries per page.
        size: u32,
        /// Entries on all pages, if asked for.
        total: Option<u64>,
    },
    /// By offset.
    Offset {
        /// Entries before the page.
        start: u64,
        /// Most entries on the page.
        limit: u32,
        /// Entries altogether, if asked for.
        total: Option<u64>,
    },
    /// By cursor.
    Cursor {
        /// Entries per page.
        size: u32,
        /// The cursor of the page after this one, if more may follow.
        next: Option<String>,
    },
}

impl Pagination {
    /// Where an asked page lies.
    pub(super) fn new(asked: &Asked, total: Option<u64>) -> Self {
        match asked {
            Asked::Numbered { page, size, .. } => Self::Pages {
                page: *page,
                size: *size,
                total,
            },
            Asked::Offset { start, limit, .. } => Self::Offset {
                start: *start,
                limit: *limit,
                total,
            },
            Asked::Cursor { size, .. } => Self::Cursor {
                size: *size,
                next: None,
            },
            Asked::One { .. } => Self::Offset {
                start: 0,
                limit: 1,
                total,
            },
        }
    }

    /// Where a page lies of which the total is known, if it was asked for.
    pub fn of_page(asked: &Asked, total: u64) -> Self {
        let counted = match asked {
            Asked::Numbered { with_count, .. } | Asked::Offset { with_count, .. } => *with_count,
            Asked::Cursor { .. } | Asked::One { .. } => false,
        };
        Self::new(asked, counted.then_some(total))
    }

    /// The JSON in `meta.pagination`.
    pub fn to_json(&self) -> String {
        match self {
            Self::Pages {
                page,
                size,
                total: None,
            } => format!(r#"{{"page":{page},"pageSize":{size}}}"#),
            Self::Pages {
                page,
                size,
                total: Some(total),
            } => {
                let pages = total.div_ceil(u64::from((*size).max(1)));
                format!(
                    r#"{{"page":{page},"pageSize":{size},"pageCount":{pages},"total":{total}}}"#
                )
            }
            Self::Offset {
                start,
                limit,
                total: None,
            } => {
                format!(r#"{{"start":{start},"limit":{limit}}}"#)
            }
            Self::Offset {
                start,
                limit,
                total: Some(total),
            } => {
                format!(r#"{{"start":{start},"limit":{limit},"total":{total}}}"#)
            }
            Self::Cursor { size, next } => {
                let next = Value::from(next.as_deref());
                format!(r#"{{"pageSize":{size},"nextCursor":{next}}}"#)
            }
        }
    }
}

impl Page {
    /// The whole answer of a list: `{"data":[…],"meta":{"pagination":{…}}}`.
    pub fn into_body(self) -> Vec<u8> {
        let meta = format!(
            r#","meta":{{"pagination":{}}}}}"#,
            self.pagination.to_json()
        );
        framed(r#"{"data":"#, &self.entries, &meta)
    }
}

/// The whole answer of one entry: `{"data":{…},"meta":{}}`.
pub(super) fn one_body(entry: &str) -> Vec<u8> {
    framed(r#"{"data":"#, entry, r#","meta":{}}"#)
}

/// Puts text around content without copying the content more than once.
fn framed(before: &str, content: &str, after: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(before.len() + content.len() + after.len());
    body.extend_from_slice(before.as_bytes());
    body.extend_from_slice(content.as_bytes());
    body.extend_from_slice(after.as_bytes());
    body
}
