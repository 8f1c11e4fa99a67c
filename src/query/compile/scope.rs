//! Where columns come from: the row of an entry, or one item of a component.

use std::cell::Cell;

use crate::base::Stage;
use crate::platform::database::Dialect;
use crate::query::Column;
use crate::schema::{ContentType, Field, FieldKind, Storage};

use super::builder::{Builder, Form};
use super::words::{column, text};

/// What an expression may name.
pub(super) enum Scope<'s> {
    Entry(Entry<'s>),
    Item(Item),
}

/// A row of a type's table, joined with its row of one locale if the type is localised.
pub(super) struct Entry<'s> {
    pub(super) content_type: &'s ContentType,
    pub(super) stage: Stage,
    /// The locale that links and localised targets are read in, as SQL.
    pub(super) locale: LocaleOf,
    /// The alias of the document's row.
    main: String,
    /// The alias of the locale's row.
    local: String,
    shared: Cell<bool>,
}

/// One element of a component's JSON array.
pub(super) struct Item {
    /// The document that holds the item.
    pub(super) owner: String,
    pub(super) stage: Stage,
    /// The locale targets are read in.
    pub(super) locale: LocaleOf,
    /// The locale the item's links are stored under; `None` if the component is shared by all locales.
    pub(super) link_locale: Option<LocaleOf>,
    /// The number of the item.
    pub(super) number: String,
    /// The item's JSON.
    pub(super) value: String,
}

/// The locale of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LocaleOf {
    /// The one that is read; subqueries need not depend on the row.
    Query,
    /// That of a row, as SQL.
    Row(String),
}

impl<'s> Entry<'s> {
    /// A row whose locale is `locale` if its type has locales.
    pub(super) fn new(
        builder: &mut Builder<'s>,
        content_type: &'s ContentType,
        locale: LocaleOf,
    ) -> Self {
        let (main, local) = builder.aliases();
        Self {
            content_type,
            stage: content_type.stage(builder.options.stage),
            locale,
            main,
            local,
            shared: Cell::new(false),
        }
    }

    /// The entries a query is about: if every locale is read, each row brings its own.
    pub(super) fn root(builder: &mut Builder<'s>, content_type: &'s ContentType) -> Self {
        let mut entry = Self::new(builder, content_type, LocaleOf::Query);
        if content_type.localized && !builder.reads_one_locale() {
            entry.brings_its_locale();
        }
        entry
    }

    /// Makes links and targets of the row follow its own locale, when rows of several locales are read.
    pub(super) fn brings_its_locale(&mut self) {
        self.locale = LocaleOf::Row(self.local("locale"));
    }

    /// The numeric `id` in answers, unique within the source.
    pub(super) fn id(&self) -> String {
        self.local("id")
    }

    /// The document's number.
    pub(super) fn doc(&self) -> String {
        if self.content_type.localized {
            text(&[&self.local, ".doc"])
        } else {
            self.main("id")
        }
    }

    fn main(&self, column: &str) -> String {
        self.shared.set(true);
        text(&[&self.main, ".", column])
    }

    fn local(&self, column: &str) -> String {
        if self.content_type.localized {
            text(&[&self.local, ".", column])
        } else {
            self.main(column)
        }
    }

    /// The row's own locale; only for localised types.
    pub(super) fn own_locale(&self) -> String {
        self.local("locale")
    }

    /// When the row last changed.
    pub(super) fn updated_at(&self) -> String {
        self.local("updated_at")
    }

    /// The tables, without conditions on which rows; ask for it after the expressions.
    pub(super) fn source(&self) -> String {
        let (stage, main, local) = (self.stage, &self.main, &self.local);
        if !self.content_type.localized {
            return text(&[&self.content_type.table(stage), " ", main]);
        }
        let rows = self.content_type.locale_table(stage);
        if self.shared.get() {
            let shared = self.content_type.table(stage);
            text(&[&rows, " ", local, " cross join ", &shared, " ", main])
        } else {
            text(&[&rows, " ", local])
        }
    }

    /// The condition that ties the tables together, if there are two.
    pub(super) fn tie(&self) -> Option<String> {
        (self.content_type.localized && self.shared.get())
            .then(|| text(&[&self.main, ".id=", &self.local, ".doc"]))
    }

    /// The condition that the row is of the entry's locale, if rows are per locale and one is read.
    pub(super) fn in_locale(&self, builder: &mut Builder<'s>) -> Option<String> {
        if !self.content_type.localized {
            return None;
        }
        let own = self.local("locale");
        let wanted = builder.locale(&self.locale);
        (own != wanted).then(|| text(&[&own, "=", &wanted]))
    }

    fn field(&self, field: &Field) -> String {
        if field.localized {
            self.local(&column(field))
        } else {
            self.main(&column(field))
        }
    }
}

impl<'s> Scope<'s> {
    /// The expression of a column and how its values are stored.
    pub(super) fn column(&self, dialect: Dialect, column: Column<'_>) -> (String, Form) {
        match self {
            Self::Entry(entry) => entry_column(entry, column),
            Self::Item(item) => item_column(item, dialect, column),
        }
    }

    /// The table expression of a component's items.
    pub(super) fn items(&self, dialect: Dialect, field: &Field, alias: &str) -> String {
        let column = field.column();
        match (self, dialect) {
            (Self::Entry(entry), Dialect::Sqlite) => {
                format!("json_each({}) {alias}", entry.field(field))
            }
            (Self::Item(item), Dialect::Sqlite) => {
                format!("json_each({},'$.{column}') {alias}", item.value)
            }
            (Self::Entry(entry), Dialect::Postgres) => {
                elements(&format!("{}::json", entry.field(field)), alias)
            }
            (Self::Item(item), Dialect::Postgres) => {
                elements(&format!("({}->'{column}')", item.value), alias)
            }
        }
    }
}

fn elements(array: &str, alias: &str) -> String {
    format!(
        "json_array_elements(case json_typeof({array}) when 'array' then {array} end) \
         with ordinality {alias}(value,key)"
    )
}

fn entry_column(entry: &Entry<'_>, column: Column<'_>) -> (String, Form) {
    match column {
        Column::Id => (entry.id(), Form::Integer),
        Column::DocumentId => (entry.main("document_id"), Form::Text),
        Column::CreatedAt => (entry.local("created_at"), Form::Text),
        Column::UpdatedAt => (entry.local("updated_at"), Form::Text),
        Column::PublishedAt => (entry.local("published_at"), Form::Text),
        Column::Locale if entry.content_type.localized => (entry.local("locale"), Form::Text),
        Column::Locale => ("cast(null as text)".to_owned(), Form::Text),
        Column::Field(field) => (entry.field(field), form(field)),
    }
}

fn item_column(item: &Item, dialect: Dialect, column: Column<'_>) -> (String, Form) {
    let (key, form) = match column {
        Column::Id => ("id".to_owned(), Form::Integer),
        Column::Field(field) => (field.column(), form(field)),
        // Items have no other columns.
        _ => return ("cast(null as text)".to_owned(), Form::Text),
    };
    let value = &item.value;
    let sql = match (dialect, form) {
        (Dialect::Sqlite, Form::BigInteger) => {
            format!("cast(json_extract({value},'$.{key}') as integer)")
        }
        (Dialect::Sqlite, _) => format!("json_extract({value},'$.{key}')"),
        (_, Form::Integer | Form::BigInteger) => format!("({value}->>'{key}')::bigint"),
        (_, Form::Real) => format!("({value}->>'{key}')::float8"),
        (_, Form::Boolean) => format!("({value}->>'{key}')::boolean"),
        (_, Form::Text | Form::Json) => format!("({value}->>'{key}') collate \"C\""),
    };
    (sql, form)
}

fn form(field: &Field) -> Form {
    match field.storage() {
        Storage::Integer if matches!(field.kind, FieldKind::BigInteger(_)) => Form::BigInteger,
        Storage::Integer => Form::Integer,
        Storage::Real => Form::Real,
        Storage::Boolean => Form::Boolean,
        Storage::Json | Storage::Items => Form::Json,
        _ => Form::Text,
    }
}

impl<'s> Scope<'s> {
    /// The number of the document that owns the links of this row or item.
    pub(super) fn doc(&self) -> String {
        match self {
            Self::Entry(entry) => entry.doc(),
            Self::Item(item) => item.owner.clone(),
        }
    }

    /// The stage of the row or of the row that holds the item.
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Entry(entry) => entry.stage,
            Self::Item(item) => item.stage,
        }
    }

    /// The locale targets are read in.
    pub(super) fn locale(&self) -> &LocaleOf {
        match self {
            Self::Entry(entry) => &entry.locale,
            Self::Item(item) => &item.locale,
        }
    }
}
