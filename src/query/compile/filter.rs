//! Filters and search as conditions on a row or item.

use serde_json::Value;

use crate::platform::database::Dialect;
use crate::query::{Column, Filter, Hop, Operator, Place, TextMatch};
use crate::schema::{ContentType, FieldKind, Storage};

use super::builder::{Builder, Form};
use super::hop::{Reverse, Step};
use super::scope::{Entry, Scope};
use super::words::push_number;

impl<'s> Builder<'s> {
    /// A condition that holds for the rows the filter lets through.
    pub(super) fn filter(&mut self, scope: &Scope<'s>, filter: &Filter<'s>) -> String {
        match filter {
            Filter::And(parts) => self.joined(scope, parts, " and ", "1=1"),
            Filter::Or(parts) => self.joined(scope, parts, " or ", "1=0"),
            Filter::Not(inner) => format!("not ({})", self.filter(scope, inner)),
            Filter::Compare(column, operator) => self.comparison(scope, *column, operator),
            Filter::Some(hop, inner) => self.some(scope, *hop, inner),
            Filter::Empty(hop, empty) => {
                let step = Step::new(self, scope, *hop);
                let not = if *empty { "not " } else { "" };
                format!("{not}exists(select 1{})", step.rows(None))
            }
        }
    }

    fn joined(
        &mut self,
        scope: &Scope<'s>,
        parts: &[Filter<'s>],
        word: &str,
        none: &str,
    ) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.filter(scope, part)).collect();
        match parts.as_slice() {
            [] => none.to_owned(),
            [one] => one.clone(),
            _ => format!("({})", parts.join(word)),
        }
    }

    fn comparison(&mut self, scope: &Scope<'s>, column: Column<'s>, operator: &Operator) -> String {
        if let (Scope::Entry(entry), Column::DocumentId) = (scope, column)
            && let Some(condition) = self.identity(entry, operator)
        {
            return condition;
        }
        let (sql, form) = scope.column(self.dialect, column);
        self.compare(&sql, form, operator)
    }

    /// Identities are looked up where they are indexed; `in` so that `not` of an unknown one holds.
    fn identity(&mut self, entry: &Entry<'s>, operator: &Operator) -> Option<String> {
        let condition = match operator {
            Operator::Eq(value @ Value::String(_)) => {
                self.compare("document_id", Form::Text, &Operator::Eq(value.clone()))
            }
            Operator::In(values) if !values.iter().any(Value::is_null) => {
                self.compare("document_id", Form::Text, operator)
            }
            _ => return None,
        };
        let doc = entry.doc();
        Some(format!(
            "{doc} in (select doc from documents where {condition})"
        ))
    }

    fn some(&mut self, scope: &Scope<'s>, hop: Hop<'s>, inner: &Filter<'s>) -> String {
        if let Scope::Entry(entry) = scope
            && is_selective(inner)
            && let Some(step) = Reverse::new(self, entry, hop)
        {
            let condition = self.filter(&step.target, inner);
            let rows = step.rows(&condition);
            return format!("{} in (select {}{rows})", entry.doc(), step.start);
        }
        let step = Step::new(self, scope, hop);
        let condition = self.filter(&step.scope, inner);
        format!("exists(select 1{})", step.rows(Some(&condition)))
    }

    /// The set of rows that were found.
    pub(super) fn found(&mut self, rows: &[i64]) -> String {
        let rows = self.numbers(rows);
        match self.dialect {
            Dialect::Sqlite => format!("(select value from json_each({rows}))"),
            Dialect::Postgres => format!("(select unnest({rows}::bigint[]))"),
        }
    }

    /// The table `r` of rows that were found: `value`, and `key` which counts up from the best.
    pub(super) fn ranks(&mut self, rows: &[i64]) -> String {
        let rows = self.numbers(rows);
        match self.dialect {
            Dialect::Sqlite => format!("json_each({rows}) r"),
            Dialect::Postgres => {
                format!("unnest({rows}::bigint[]) with ordinality r(value,key)")
            }
        }
    }

    /// Numbers as one value, so that the statement's text does not depend on how many they are.
    fn numbers(&mut self, numbers: &[i64]) -> String {
        let (open, close) = match self.dialect {
            Dialect::Sqlite => ('[', ']'),
            Dialect::Postgres => ('{', '}'),
        };
        let mut list = String::with_capacity(numbers.len() * 8 + 2);
        list.push(open);
        for (index, number) in numbers.iter().enumerate() {
            if index > 0 {
                list.push(',');
            }
            push_number(&mut list, *number);
        }
        list.push(close);
        self.bind(list.into())
    }

    /// Any searchable text of the entry contains the words, ignoring case, or a searchable number equals them.
    ///
    /// Private fields are left out: answers would tell what they hold.
    pub(super) fn search(
        &mut self,
        scope: &Scope<'s>,
        content_type: &'s ContentType,
        text: &str,
    ) -> String {
        let contains = Operator::Match(TextMatch {
            place: Place::Anywhere,
            text: text.to_owned(),
            ignore_case: true,
            negated: false,
        });
        let equals = Operator::Eq(Value::from(text.trim()));
        let is_number = text.trim().parse::<f64>().is_ok_and(f64::is_finite);
        let mut conditions = vec![self.comparison(scope, Column::DocumentId, &contains)];
        for field in content_type
            .fields
            .iter()
            .filter(|field| field.searchable && !field.private)
        {
            let operator = match field.storage() {
                Storage::Text if is_words(&field.kind) => &contains,
                Storage::Integer | Storage::Real if is_number => &equals,
                _ => continue,
            };
            conditions.push(self.comparison(scope, Column::Field(field), operator));
        }
        format!("({})", conditions.join(" or "))
    }
}

fn is_words(kind: &FieldKind) -> bool {
    kind.is_text() && !matches!(kind, FieldKind::Password(_))
}

/// Whether a filter names values, so that few targets match and it pays to start from them.
fn is_selective(filter: &Filter<'_>) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().any(is_selective),
        Filter::Or(parts) => !parts.is_empty() && parts.iter().all(is_selective),
        Filter::Compare(_, operator) => match operator {
            Operator::Eq(value) => !value.is_null() && !value.is_boolean(),
            Operator::In(_) | Operator::EqIgnoringCase(_) => true,
            _ => false,
        },
        Filter::Some(_, inner) => is_selective(inner),
        Filter::Not(_) | Filter::Empty(..) => false,
    }
}
