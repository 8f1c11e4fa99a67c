//! Sort keys and positions after a cursor.

use serde_json::Value as Json;

use crate::platform::database::Dialect;
use crate::query::{Column, Operator, Sort};

use super::builder::{Builder, Form};
use super::hop::Step;
use super::scope::Scope;

/// A compiled sort key.
pub(super) struct Key {
    pub(super) sql: String,
    pub(super) form: Form,
    descending: bool,
    nullable: bool,
}

impl Key {
    /// The key that makes every order total.
    pub(super) fn identity(id: String) -> Self {
        Self {
            sql: id,
            form: Form::Integer,
            descending: false,
            nullable: false,
        }
    }

    /// The key with its direction: nulls come first ascending and last descending on both databases.
    pub(super) fn ordering(&self, dialect: Dialect) -> String {
        let nulls = match (dialect, self.nullable, self.descending) {
            (Dialect::Postgres, true, false) => " nulls first",
            (Dialect::Postgres, true, true) => " nulls last",
            _ => "",
        };
        let direction = if self.descending { " desc" } else { "" };
        format!("{}{direction}{nulls}", self.sql)
    }
}

/// The `order by` list of keys.
pub(super) fn ordering(keys: &[Key], dialect: Dialect) -> String {
    let keys: Vec<String> = keys.iter().map(|key| key.ordering(dialect)).collect();
    keys.join(",")
}

impl<'s> Builder<'s> {
    /// The keys of a sort, without the identity.
    pub(super) fn sort_keys(&mut self, scope: &Scope<'s>, sort: &[Sort<'s>]) -> Vec<Key> {
        sort.iter()
            .map(|sort| {
                let (sql, form) = self.through(scope, sort);
                let never_null = matches!(
                    sort.column,
                    Column::Id | Column::DocumentId | Column::CreatedAt | Column::UpdatedAt
                );
                Key {
                    sql,
                    form,
                    descending: sort.descending,
                    nullable: !sort.path.is_empty() || !never_null,
                }
            })
            .collect()
    }

    /// A column, possibly of the related row that comes first in this sort.
    pub(super) fn through(&mut self, scope: &Scope<'s>, sort: &Sort<'s>) -> (String, Form) {
        self.along(scope, &sort.path, sort.column, sort.descending)
    }

    fn along(
        &mut self,
        scope: &Scope<'s>,
        path: &[crate::query::Hop<'s>],
        column: Column<'s>,
        descending: bool,
    ) -> (String, Form) {
        let Some((hop, rest)) = path.split_first() else {
            return scope.column(self.dialect, column);
        };
        let step = Step::new(self, scope, *hop);
        let (sql, form) = self.along(&step.scope, rest, column, descending);
        let key = Key {
            sql: sql.clone(),
            form,
            descending,
            nullable: true,
        };
        let order = key.ordering(self.dialect);
        let rows = step.rows(None);
        (
            format!("(select {sql}{rows} order by {order} limit 1)"),
            form,
        )
    }

    /// The condition that a row comes after the values of another row.
    ///
    /// An `or` of as many `and`s as there are keys, because row values would not place nulls.
    pub(super) fn after(&mut self, keys: &[Key], values: &[Json]) -> String {
        let mut alternatives = Vec::new();
        let mut equal: Vec<String> = Vec::new();
        for (key, value) in keys.iter().zip(values) {
            if let Some(later) = self.later(key, value) {
                let mut all = equal.clone();
                all.push(later);
                alternatives.push(format!("({})", all.join(" and ")));
            }
            equal.push(self.compare(&key.sql, key.form, &Operator::Eq(value.clone())));
        }
        let after = match alternatives.as_slice() {
            [] => return "1=0".to_owned(),
            _ => format!("({})", alternatives.join(" or ")),
        };
        match self.start_of_range(keys, values) {
            Some(range) => format!("{range} and {after}"),
            None => after,
        }
    }

    fn later(&mut self, key: &Key, value: &Json) -> Option<String> {
        let sql = &key.sql;
        match (value.is_null(), key.descending) {
            (true, true) => None,
            (true, false) => Some(format!("{sql} is not null")),
            (false, false) => Some(self.compare(sql, key.form, &Operator::Gt(value.clone()))),
            (false, true) => {
                let less = self.compare(sql, key.form, &Operator::Lt(value.clone()));
                Some(if key.nullable {
                    format!("({less} or {sql} is null)")
                } else {
                    less
                })
            }
        }
    }

    /// A range that holds every later row, in a form that an index on the first key can start from.
    fn start_of_range(&mut self, keys: &[Key], values: &[Json]) -> Option<String> {
        let (key, value) = (keys.first()?, values.first()?);
        let operator = match (value.is_null(), key.descending, key.nullable) {
            (false, false, _) => Operator::Gte(value.clone()),
            (false, true, false) => Operator::Lte(value.clone()),
            _ => return None,
        };
        Some(self.compare(&key.sql, key.form, &operator))
    }
}
