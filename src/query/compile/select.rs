//! What is output of an entry: columns and populated attributes as one JSON expression.

use std::fmt::Write as _;

use crate::platform::database::Dialect;
use crate::query::{Column, Filter, Hop, Nested, Populated, Selection, Shape};
use crate::schema::{ContentType, Field};

use super::builder::{Builder, Form};
use super::hop::Step;
use super::order::ordering;
use super::scope::{Entry, LocaleOf, Scope};
use super::words::text;

/// The hidden key with the document's number, in entries that are completed after the statement.
pub const DOC_KEY: &str = "$doc";
/// The hidden key with the locale of such an entry, if it is not the query's.
pub const LOCALE_KEY: &str = "$locale";

/// Whether entries with this selection hold raw component items and must be completed.
pub fn needs_completion(selection: &Selection<'_>) -> bool {
    selection
        .populated
        .iter()
        .any(|populated| match &populated.shape {
            Shape::Component { .. } | Shape::Zone { .. } => true,
            Shape::Entries { nested, .. } => needs_completion(&nested.selection),
            Shape::Morph { parts, .. } => parts.iter().any(|(_, part)| needs_completion(part)),
            Shape::Localizations { selection } => needs_completion(selection),
            Shape::Count { .. } => false,
        })
}

/// The type a step leads to; a component is none.
pub fn target<'s>(hop: Hop<'s>) -> Option<&'s ContentType> {
    match hop {
        Hop::Relation { target, .. } | Hop::Inverse { target, .. } | Hop::Media { target, .. } => {
            Some(target)
        }
        Hop::Component { .. } => None,
    }
}

/// The key of a column in the output.
pub fn column_name<'s>(column: Column<'s>) -> &'s str {
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

impl<'s> Builder<'s> {
    /// The JSON of an entry.
    pub(super) fn entry(
        &mut self,
        scope: &Scope<'s>,
        selection: &'s Selection<'s>,
        extra: Vec<(&'s str, String)>,
    ) -> String {
        let mut pairs: Vec<(&str, String)> =
            Vec::with_capacity(selection.columns.len() + selection.populated.len() + 2);
        if let (Scope::Entry(entry), true) = (scope, needs_completion(selection)) {
            pairs.push((DOC_KEY, self.number(&entry.doc())));
            if let LocaleOf::Row(locale) = &entry.locale {
                pairs.push((LOCALE_KEY, self.scalar(Form::Text, locale.clone())));
            }
        }
        for column in &selection.columns {
            let (sql, form) = scope.column(self.dialect, *column);
            pairs.push((column_name(*column), self.scalar(form, sql)));
        }
        for populated in &selection.populated {
            pairs.push((populated.name, self.populated(scope, populated)));
        }
        pairs.extend(extra);
        self.object(&pairs)
    }

    /// The JSON of a populated attribute; components and zones come as they are stored.
    pub(super) fn populated(&mut self, scope: &Scope<'s>, populated: &'s Populated<'s>) -> String {
        match &populated.shape {
            Shape::Entries { hop, many, nested } => self.entries(scope, *hop, *many, nested),
            Shape::Count { hop, filter } => self.count_of(scope, *hop, filter.as_ref()),
            Shape::Component { field, .. } | Shape::Zone { field, .. } => {
                let (sql, form) = scope.column(self.dialect, Column::Field(field));
                self.scalar(form, sql)
            }
            Shape::Morph { field, many, parts } => self.morph(scope, field, *many, parts),
            Shape::Localizations { selection } => self.localizations(scope, selection),
        }
    }

    fn entries(
        &mut self,
        scope: &Scope<'s>,
        hop: Hop<'s>,
        many: bool,
        nested: &'s Nested<'s>,
    ) -> String {
        let step = Step::new(self, scope, hop);
        if !many {
            return self.one_entry(&step, nested);
        }
        let plain = nested.sort.is_empty() && nested.start == 0 && nested.limit.is_none();
        if plain {
            let filter = nested
                .filter
                .as_ref()
                .map(|filter| self.filter(&step.scope, filter));
            let object = self.entry(&step.scope, &nested.selection, Vec::new());
            let array = self.bounded_array_of_rows(&object, &step.order.join(","));
            return text(&["(select ", &array, &step.rows(filter.as_deref()), ")"]);
        }
        self.chosen_entries(&step, nested)
    }

    /// The first of the related entries.
    fn one_entry(&mut self, step: &Step<'s>, nested: &'s Nested<'s>) -> String {
        let filter = nested
            .filter
            .as_ref()
            .map(|filter| self.filter(&step.scope, filter));
        let object = self.entry(&step.scope, &nested.selection, Vec::new());
        let order = step.order.join(",");
        let rows = step.rows(filter.as_deref());
        self.one_or_null(&text(&[
            "select ",
            &object,
            &rows,
            " order by ",
            &order,
            " limit 1",
        ]))
    }

    /// Sorted or cut related entries: identities are picked inside, JSON is made outside, because JSON that goes
    /// through a sorter comes out as text.
    fn chosen_entries(&mut self, step: &Step<'s>, nested: &'s Nested<'s>) -> String {
        let Some(inner) = step.entry() else {
            return self.null();
        };
        let filter = nested
            .filter
            .as_ref()
            .map(|filter| self.filter(&step.scope, filter));
        let keys = self.sort_keys(&step.scope, &nested.sort);
        let mut order = Vec::new();
        if !keys.is_empty() {
            order.push(ordering(&keys, self.dialect));
        }
        order.extend(step.order.iter().cloned());
        let picked = Picked {
            id: inner.id(),
            order: order.join(","),
            limit: nested
                .limit
                .map_or_else(|| u64::from(self.options.populated_rows) + 1, u64::from),
            start: nested.start,
            keys: Vec::new(),
        };
        let rows = step.rows(filter.as_deref());
        let alias = self.alias();
        let pick = picked.subquery(self, &rows, alias);
        let entry = Entry::new(self, inner.content_type, inner.locale.clone());
        let outer = Scope::Entry(entry);
        let object = self.entry(&outer, &nested.selection, Vec::new());
        let array = self.bounded_array_of_rows(&object, &format!("p{alias}.n"));
        format!("(select {array} from {pick} {})", joined(&outer, alias))
    }

    fn count_of(
        &mut self,
        scope: &Scope<'s>,
        hop: Hop<'s>,
        filter: Option<&'s Filter<'s>>,
    ) -> String {
        let step = Step::new(self, scope, hop);
        let filter = filter.map(|filter| self.filter(&step.scope, filter));
        let count = self.number("count(*)");
        let object = self.object(&[("count", count)]);
        format!("(select {object}{})", step.rows(filter.as_deref()))
    }

    /// The other locales of a document.
    fn localizations(&mut self, scope: &Scope<'s>, selection: &'s Selection<'s>) -> String {
        let Scope::Entry(entry) = scope else {
            return self.null();
        };
        let own = scope.column(self.dialect, Column::Locale).0;
        let mut other = Entry::new(self, entry.content_type, entry.locale.clone());
        other.brings_its_locale();
        let other_scope = Scope::Entry(other);
        let object = self.entry(&other_scope, selection, Vec::new());
        let other_locale = other_scope.column(self.dialect, Column::Locale).0;
        let Scope::Entry(other) = &other_scope else {
            return self.null();
        };
        let mut conditions = vec![
            format!("{}={}", other.doc(), entry.doc()),
            format!("{other_locale}<>{own}"),
        ];
        conditions.extend(other.tie());
        let array = self.array_of_rows(&object, &other.id());
        format!(
            "(select {array} from {} where {})",
            other.source(),
            conditions.join(" and ")
        )
    }

    /// Targets of several types: each link asks every type in turn; documents' numbers are given once.
    fn morph(
        &mut self,
        scope: &Scope<'s>,
        field: &'s Field,
        many: bool,
        parts: &'s [(&'s ContentType, Selection<'s>)],
    ) -> String {
        if parts.is_empty() {
            return if many {
                self.empty_array()
            } else {
                self.null()
            };
        }
        let links = super::hop::MorphLinks::new(self, scope, field);
        let mut objects = Vec::new();
        let mut exists = Vec::new();
        for (content_type, selection) in parts {
            let target = Entry::new(self, content_type, scope.locale().clone());
            let mut conditions = vec![format!("{}={}.target", target.doc(), links.alias)];
            conditions.extend(target.in_locale(self));
            exists.push(format!(
                "exists(select 1 from {} where {})",
                target.source(),
                conditions.join(" and ")
            ));
            let target = Scope::Entry(target);
            let kind = self.constant(&content_type.uid);
            let object = self.entry(&target, selection, vec![("__type", kind)]);
            let Scope::Entry(target) = &target else {
                continue;
            };
            conditions.extend(target.tie());
            objects.push(format!(
                "(select {object} from {} where {})",
                target.source(),
                conditions.join(" and ")
            ));
        }
        let object = match objects.as_slice() {
            [one] => one.clone(),
            _ => format!("coalesce({})", objects.join(",")),
        };
        let shown = format!("({})", exists.join(" or "));
        let (rows, order) = (links.rows(&shown), links.order());
        if many {
            let array = self.bounded_array_of_rows(&object, &order);
            format!("(select {array}{rows})")
        } else {
            self.one_or_null(&format!("select {object}{rows} order by {order} limit 1"))
        }
    }

    fn empty_array(&self) -> String {
        self.array(&[])
    }
}

/// Rows picked by identity before anything of them is output.
pub(super) struct Picked {
    pub(super) id: String,
    /// The `order by` list; it must be total.
    pub(super) order: String,
    pub(super) limit: u64,
    pub(super) start: u64,
    /// Further columns, named `s0`, `s1`, ….
    pub(super) keys: Vec<String>,
}

impl Picked {
    /// The derived table `p<alias>` with `id` and, on PostgreSQL, the position `n`.
    ///
    /// Positions are given after the cut, so that PostgreSQL need not order what is cut off.
    pub(super) fn subquery(&self, builder: &mut Builder<'_>, rows: &str, alias: u32) -> String {
        let Self {
            id, order, limit, ..
        } = self;
        let mut columns = format!("{id} as id");
        for (index, key) in self.keys.iter().enumerate() {
            let _ = write!(columns, ",{key} as s{index}");
        }
        let offset = if self.start == 0 {
            String::new()
        } else {
            let start = i64::try_from(self.start).unwrap_or(i64::MAX);
            format!(" offset {}", builder.bind(start.into()))
        };
        let picked = format!("select {columns}{rows} order by {order} limit {limit}{offset}");
        match builder.dialect {
            Dialect::Sqlite => format!("({picked}) p{alias}"),
            Dialect::Postgres => {
                format!("(select q.*,row_number() over () as n from ({picked}) q) p{alias}")
            }
        }
    }
}

/// The tables of picked rows, joined after the derived table.
pub(super) fn joined(scope: &Scope<'_>, alias: u32) -> String {
    let Scope::Entry(entry) = scope else {
        return String::new();
    };
    let mut conditions = vec![format!("{}=p{alias}.id", entry.id())];
    conditions.extend(entry.tie());
    format!(
        "cross join {} where {}",
        entry.source(),
        conditions.join(" and ")
    )
}
