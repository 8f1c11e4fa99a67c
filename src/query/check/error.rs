//! Why a query is refused, in Strapi's words.

use serde_json::{Value, json};

use crate::query::text::TextError;

/// What kind of error a refused query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryErrorKind {
    /// 400 `ValidationError`.
    Validation,
    /// 400 `PaginationError`.
    Pagination,
    /// 403 `ForbiddenError`.
    Forbidden,
}

/// A refused query; message and details repeat only what the caller typed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// What kind of error.
    pub kind: QueryErrorKind,
    /// The text shown to the caller.
    pub message: String,
    /// The object `details` of the error envelope.
    pub details: Value,
}

impl QueryError {
    /// A 400 without details.
    pub(super) fn plain(message: impl Into<String>) -> Self {
        Self {
            kind: QueryErrorKind::Validation,
            message: message.into(),
            details: json!({}),
        }
    }

    /// A 400 about the page asked for.
    pub(super) fn pagination(message: impl Into<String>) -> Self {
        Self {
            kind: QueryErrorKind::Pagination,
            ..Self::plain(message)
        }
    }

    /// A 403.
    pub(super) fn forbidden() -> Self {
        Self {
            kind: QueryErrorKind::Forbidden,
            ..Self::plain("Forbidden")
        }
    }

    /// A name that does not exist for the caller, whatever the reason.
    pub(super) fn invalid_key(param: &str, key: &str, path: Option<&str>) -> Self {
        let message = match path {
            Some(path) if path != key => format!("Invalid key {key} at {path}"),
            _ => format!("Invalid key {key}"),
        };
        Self {
            kind: QueryErrorKind::Validation,
            message,
            details: json!({ "key": key, "path": path, "source": "query", "param": param }),
        }
    }

    /// A value that cannot stand where it stands.
    pub(super) fn invalid_value(param: &str, path: &str, expected: &str) -> Self {
        Self {
            kind: QueryErrorKind::Validation,
            message: format!("Invalid value at {path}. Expected {expected}"),
            details: json!({ "path": path, "source": "query", "param": param }),
        }
    }
}

impl From<TextError> for QueryError {
    fn from(error: TextError) -> Self {
        Self::plain(format!("Invalid query: {error}"))
    }
}

/// Where a name stands: the names before it, outermost last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
}

impl<'a> Path<'a> {
    pub(super) fn below(parent: Option<&'a Self>, name: &'a str) -> Self {
        Self { parent, name }
    }

    /// `author.company.name`.
    pub(super) fn text(&self) -> String {
        match self.parent {
            Some(parent) => format!("{}.{}", parent.text(), self.name),
            None => self.name.to_owned(),
        }
    }
}
