//! Steps along relations, media and components: which rows they lead to, and in which order.

use crate::platform::database::Dialect;
use crate::query::Hop;
use crate::schema::{ContentType, Field};

use super::builder::Builder;
use super::scope::{Entry, Item, LocaleOf, Scope};
use super::words::{lettered, push_number, text};

/// The rows a step leads to.
pub(super) struct Step<'s> {
    /// The table of the step itself: links or the elements of an array.
    table: String,
    conditions: Vec<String>,
    /// The order of the relation, most significant first.
    pub(super) order: Vec<String>,
    pub(super) scope: Scope<'s>,
}

/// A step read from its far end: which owners it leads back to.
pub(super) struct Reverse<'s> {
    table: String,
    /// The column with the document the step starts at.
    pub(super) start: String,
    conditions: Vec<String>,
    pub(super) target: Scope<'s>,
}

impl<'s> Step<'s> {
    /// Compiles a step from a row or item.
    pub(super) fn new(builder: &mut Builder<'s>, from: &Scope<'s>, hop: Hop<'s>) -> Self {
        match hop {
            Hop::Relation { field, target } | Hop::Media { field, target } => {
                Self::forward(builder, from, field, target)
            }
            Hop::Inverse {
                owner_field,
                target,
                ..
            } => Self::inverse(builder, from, owner_field, target),
            Hop::Component { field, .. } => Self::items(builder, from, field),
        }
    }

    fn forward(
        builder: &mut Builder<'s>,
        from: &Scope<'s>,
        field: &'s Field,
        target: &'s ContentType,
    ) -> Self {
        let alias = lettered('k', builder.alias().into());
        let mut conditions = links_of(builder, from, field, &alias);
        let entry = Entry::new(builder, target, from.locale().clone());
        conditions.push(text(&[&entry.doc(), "=", &alias, ".target"]));
        conditions.extend(entry.in_locale(builder));
        Self {
            table: text(&["links ", &alias]),
            conditions,
            order: vec![text(&[&alias, ".position"])],
            scope: Scope::Entry(entry),
        }
    }

    fn inverse(
        builder: &mut Builder<'s>,
        from: &Scope<'s>,
        owner_field: &'s Field,
        owner: &'s ContentType,
    ) -> Self {
        let alias = lettered('k', builder.alias().into());
        let entry = Entry::new(builder, owner, from.locale().clone());
        let mut conditions = vec![format!("{alias}.target={}", from.doc())];
        conditions.extend(of_field(builder, owner_field, &entry, &alias));
        conditions.push(format!("{}={alias}.owner", entry.doc()));
        conditions.extend(entry.in_locale(builder));
        Self {
            table: text(&["links ", &alias]),
            conditions,
            order: vec![format!("{alias}.back_position"), format!("{alias}.owner")],
            scope: Scope::Entry(entry),
        }
    }

    fn items(builder: &mut Builder<'s>, from: &Scope<'s>, field: &'s Field) -> Self {
        let alias = lettered('j', builder.alias().into());
        let link_locale = match from {
            Scope::Entry(entry) => field.localized.then(|| entry.locale.clone()),
            Scope::Item(item) => item.link_locale.clone(),
        };
        Self {
            table: from.items(builder.dialect, field, &alias),
            conditions: Vec::new(),
            order: vec![format!("{alias}.key")],
            scope: Scope::Item(Item {
                owner: from.doc(),
                stage: from.stage(),
                locale: from.locale().clone(),
                link_locale,
                number: match builder.dialect {
                    Dialect::Sqlite => format!("json_extract({alias}.value,'$.id')"),
                    Dialect::Postgres => format!("({alias}.value->>'id')::bigint"),
                },
                value: format!("{alias}.value"),
            }),
        }
    }

    /// `from … where …`, with further conditions; ask for it after all expressions are made.
    pub(super) fn rows(&self, further: Option<&str>) -> String {
        let mut sql = format!(" from {}", self.table);
        let mut conditions = self.conditions.clone();
        if let Scope::Entry(entry) = &self.scope {
            sql.push_str(" cross join ");
            sql.push_str(&entry.source());
            conditions.extend(entry.tie());
        }
        conditions.extend(further.map(str::to_owned));
        if !conditions.is_empty() {
            sql.push_str(" where ");
            sql.push_str(&conditions.join(" and "));
        }
        sql
    }

    /// The tables of the step and what ties them, for a statement that goes through it; ask for it after all
    /// expressions are made.
    pub(super) fn joined(&self) -> (String, Vec<String>) {
        let mut conditions = self.conditions.clone();
        let mut tables = self.table.clone();
        if let Scope::Entry(entry) = &self.scope {
            tables = text(&[&tables, " cross join ", &entry.source()]);
            conditions.extend(entry.tie());
        }
        (tables, conditions)
    }

    /// The entry the step leads to; items are not entries.
    pub(super) fn entry(&self) -> Option<&Entry<'s>> {
        match &self.scope {
            Scope::Entry(entry) => Some(entry),
            Scope::Item(_) => None,
        }
    }
}

impl<'s> Reverse<'s> {
    /// Compiles a step so that it starts at the targets; only for entries whose locale the query names.
    pub(super) fn new(builder: &mut Builder<'s>, from: &Entry<'s>, hop: Hop<'s>) -> Option<Self> {
        if from.locale != LocaleOf::Query {
            return None;
        }
        let (target, field, inverse) = match hop {
            Hop::Relation { field, target } | Hop::Media { field, target } => {
                (target, field, false)
            }
            Hop::Inverse {
                owner_field,
                target,
                ..
            } => (target, owner_field, true),
            Hop::Component { .. } => return None,
        };
        let alias = lettered('k', builder.alias().into());
        let entry = Entry::new(builder, target, LocaleOf::Query);
        let owner = if inverse { &entry } else { from };
        let mut conditions = of_field(builder, field, owner, &alias);
        let (near, far) = if inverse {
            ("target", "owner")
        } else {
            ("owner", "target")
        };
        conditions.push(format!("{alias}.{far}={}", entry.doc()));
        conditions.extend(entry.in_locale(builder));
        Some(Self {
            table: text(&["links ", &alias]),
            start: format!("{alias}.{near}"),
            conditions,
            target: Scope::Entry(entry),
        })
    }

    /// `from … where …` with the condition on the targets.
    pub(super) fn rows(&self, further: &str) -> String {
        let mut conditions = self.conditions.clone();
        let mut from = String::new();
        if let Scope::Entry(entry) = &self.target {
            conditions.extend(entry.tie());
            from = entry.source();
        }
        let (table, conditions) = (&self.table, conditions.join(" and "));
        format!(" from {from} cross join {table} where {conditions} and {further}")
    }
}

/// The locale of links that all locales share.
const SHARED: &str = "''";

fn numbered(alias: &str, column: &str, number: i64) -> String {
    let mut condition = text(&[alias, column]);
    push_number(&mut condition, number);
    condition
}

/// The conditions on links that lead from a row or item through a field.
fn links_of<'s>(
    builder: &mut Builder<'s>,
    from: &Scope<'s>,
    field: &Field,
    alias: &str,
) -> Vec<String> {
    let mut conditions = vec![
        text(&[alias, ".owner=", &from.doc()]),
        numbered(alias, ".stage=", from.stage().number()),
        numbered(alias, ".field=", field.id.0),
    ];
    let (locale, item) = match from {
        Scope::Entry(entry) => (field.localized.then_some(&entry.locale), "0"),
        Scope::Item(item) => (item.link_locale.as_ref(), item.number.as_str()),
    };
    let locale = locale.map_or_else(|| SHARED.to_owned(), |locale| builder.locale(locale));
    conditions.push(text(&[alias, ".locale=", &locale]));
    conditions.push(text(&[alias, ".item=", item]));
    conditions
}

/// The conditions on links of a field owned by entries themselves, from whichever end they are found.
fn of_field<'s>(
    builder: &mut Builder<'s>,
    field: &Field,
    owner: &Entry<'s>,
    alias: &str,
) -> Vec<String> {
    let locale = link_locale(builder, field, &owner.locale);
    vec![
        numbered(alias, ".field=", field.id.0),
        numbered(alias, ".stage=", owner.stage.number()),
        text(&[alias, ".locale=", &locale]),
        text(&[alias, ".item=0"]),
    ]
}

fn link_locale(builder: &mut Builder<'_>, field: &Field, locale: &LocaleOf) -> String {
    if field.localized {
        builder.locale(locale)
    } else {
        SHARED.to_owned()
    }
}

/// The links of a polymorphic field.
pub(super) struct MorphLinks {
    pub(super) alias: String,
    conditions: Vec<String>,
}

impl MorphLinks {
    pub(super) fn new<'s>(builder: &mut Builder<'s>, from: &Scope<'s>, field: &Field) -> Self {
        let alias = lettered('k', builder.alias().into());
        let conditions = links_of(builder, from, field, &alias);
        Self { alias, conditions }
    }

    /// `from … where …` with a further condition.
    pub(super) fn rows(&self, further: &str) -> String {
        let conditions = self.conditions.join(" and ");
        format!(
            " from links {} where {conditions} and {further}",
            self.alias
        )
    }

    /// The order of the relation.
    pub(super) fn order(&self) -> String {
        format!("{}.position", self.alias)
    }
}
