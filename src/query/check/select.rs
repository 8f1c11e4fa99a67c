//! Which scalars are output: `fields`.

use crate::query::Column;
use crate::query::text::Param;

use super::error::QueryError;
use super::scope::{Member, Reader, Scope};

const INVALID_FIELDS: &str = "Invalid fields parameter. Expected a string or an array of strings";

impl<'s> Reader<'s, '_> {
    /// The parameter `fields`: columns in output order, whatever the order they were asked in.
    pub(super) fn columns(
        &self,
        scope: Scope<'s>,
        value: Option<&Param>,
    ) -> Result<Vec<Column<'s>>, QueryError> {
        let mut wanted: Vec<&str> = Vec::new();
        match value {
            None | Some(Param::Null) => return Ok(self.every_column(scope)),
            Some(Param::Text(text)) => wanted.extend(text.split(',').map(str::trim)),
            Some(Param::List(items)) => {
                for item in items {
                    match item {
                        Param::Text(text) => wanted.extend(text.split(',').map(str::trim)),
                        Param::Null => {}
                        _ => return Err(QueryError::plain(INVALID_FIELDS)),
                    }
                }
            }
            Some(Param::Map(_)) => return Err(QueryError::plain(INVALID_FIELDS)),
        }
        wanted.retain(|name| !name.is_empty());
        for name in wanted.iter().filter(|name| **name != "*") {
            match self.member(scope, name) {
                Some(Member::Column(_)) => {}
                Some(_) => return Err(self.misplaced(name, None)),
                None => return Err(self.unknown(name, None)),
            }
        }
        let mut columns = self.every_column(scope);
        if !wanted.contains(&"*") {
            columns.retain(|column| {
                let name = name_of(*column);
                matches!(column, Column::Id | Column::DocumentId) || wanted.contains(&name)
            });
        }
        Ok(columns)
    }

    /// Every scalar the caller may read, in output order.
    pub(super) fn every_column(&self, scope: Scope<'s>) -> Vec<Column<'s>> {
        let fields = scope.fields();
        let mut columns = Vec::with_capacity(fields.len() + 6);
        columns.push(Column::Id);
        if let Scope::Type(_) = scope {
            columns.push(Column::DocumentId);
        }
        columns.extend(
            fields
                .iter()
                .filter(|field| field.kind.is_scalar() && self.view.reads(field))
                .map(Column::Field),
        );
        if let Scope::Type(content_type) = scope {
            columns.extend([Column::CreatedAt, Column::UpdatedAt, Column::PublishedAt]);
            if content_type.localized {
                columns.push(Column::Locale);
            }
        }
        columns
    }
}

/// The name of a column in requests and answers.
pub(super) fn name_of<'s>(column: Column<'s>) -> &'s str {
    match column {
        Column::Id => "id",
        Column::DocumentId => "documentId",
        Column::CreatedAt => "createdAt",
        Column::UpdatedAt => "updatedAt",
        Column::PublishedAt => "publishedAt",
        Column::Locale => "locale",
        Column::Field(field) => &field.name,
    }
}
