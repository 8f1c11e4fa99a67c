//! What a reader asks for: parsed from the query string, checked against what the caller may see.
//!
//! `text` parses brackets (`qs`), `check` turns parameters into a [`ListQuery`], `compile` turns it
//! into SQL. A query that names anything the caller's [view](crate::access::View) does not have is
//! refused as a whole; nothing is dropped silently.
//!
//! **Knows nothing about** HTTP, connections or how rows become bytes. Start reading at [`ListQuery`].

pub mod check;
pub mod compile;
pub mod text;

use serde_json::Value;

use crate::base::Stage;
use crate::schema::{Component, ContentType, Field};

/// A checked read of one collection or single type.
#[derive(Debug, Clone)]
pub struct ListQuery<'s> {
    /// What is read.
    pub content_type: &'s ContentType,
    /// Draft or published rows (types without drafts have only published ones).
    pub stage: Stage,
    /// Which locales' rows are read; ignored by types without locales.
    pub locale: LocaleChoice,
    /// Narrows by the relation between draft and published rows.
    pub publication: Option<PublicationFilter>,
    /// Conditions, all of which must hold.
    pub filter: Option<Filter<'s>>,
    /// The text of `_q`, or what was found for it.
    pub search: Option<Search>,
    /// Sort keys, most significant first; the compiler appends the identity.
    pub sort: Vec<Sort<'s>>,
    /// Which part of the result.
    pub page: Page,
    /// What of each entry.
    pub selection: Selection<'s>,
}

/// A full-text search, before and after the index was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// A text; without an index it is compared with every searchable text of every row.
    Words(String),
    /// The rows the index found.
    Found {
        /// Numbers of rows, best first.
        rows: Vec<i64>,
        /// How many there are altogether, if `rows` are just those of the page that is asked for.
        total: Option<u64>,
    },
}

impl From<&str> for Search {
    fn from(text: &str) -> Self {
        Self::Words(text.to_owned())
    }
}

/// Which locales a query reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LocaleChoice {
    /// One locale by code (the default locale if the request named none).
    One(String),
    /// Every locale (`locale=*`).
    All,
}

/// Strapi's `publicationFilter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicationFilter {
    /// This locale was never published.
    NeverPublished,
    /// This locale has a published version.
    HasPublishedVersion,
    /// The draft differs from the published version.
    Modified,
    /// The draft equals the published version.
    Unmodified,
    /// No locale was ever published.
    NeverPublishedDocument,
    /// Some locale has a published version.
    HasPublishedVersionDocument,
    /// Published rows without a draft row.
    PublishedWithoutDraft,
    /// Published rows with a draft row.
    PublishedWithDraft,
}

/// A scalar of an entry or component item that can be output, compared and sorted by.
#[derive(Debug, Clone, Copy)]
pub enum Column<'s> {
    /// The numeric id.
    Id,
    /// The document's identity.
    DocumentId,
    /// When the document was made.
    CreatedAt,
    /// When this stage last changed.
    UpdatedAt,
    /// When it was published; null in drafts.
    PublishedAt,
    /// The locale code; null in types without locales.
    Locale,
    /// An attribute stored in a column of its own (or, in a component, a key of its JSON).
    Field(&'s Field),
}

/// A tree of conditions.
#[derive(Debug, Clone)]
pub enum Filter<'s> {
    /// All hold; empty is true.
    And(Vec<Filter<'s>>),
    /// One holds; empty is false.
    Or(Vec<Filter<'s>>),
    /// It does not hold.
    Not(Box<Filter<'s>>),
    /// A scalar compared with a value.
    Compare(Column<'s>, Operator),
    /// Some related entry, file or component item satisfies the inner filter (`EXISTS`).
    Some(Hop<'s>, Box<Filter<'s>>),
    /// Nothing is related (`filters[author][$null]=true`); `false` = something is.
    Empty(Hop<'s>, bool),
}

/// A comparison; values are canonical for the column's kind (numbers as JSON numbers, dates as stored).
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// Equal; null means is null.
    Eq(Value),
    /// Not equal; null means is not null. Rows without a value are not equal to a value only in Strapi's sense (SQL `<>`: they do not match).
    Ne(Value),
    /// Equal ignoring case.
    EqIgnoringCase(String),
    /// Not equal ignoring case.
    NeIgnoringCase(String),
    /// Less than.
    Lt(Value),
    /// At most.
    Lte(Value),
    /// Greater than.
    Gt(Value),
    /// At least.
    Gte(Value),
    /// One of; empty is false. May contain null.
    In(Vec<Value>),
    /// None of; empty is true.
    NotIn(Vec<Value>),
    /// Text match on the column's text form.
    Match(TextMatch),
    /// Null (`true`) or not null (`false`).
    Null(bool),
    /// Inclusive range.
    Between(Value, Value),
}

/// How text is matched; `%` and `_` in the text mean themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMatch {
    /// Where the text must stand.
    pub place: Place,
    /// The text.
    pub text: String,
    /// Whether case is ignored.
    pub ignore_case: bool,
    /// Whether the condition is negated (`$notContains`).
    pub negated: bool,
}

/// Where a text must stand in the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Anywhere.
    Anywhere,
    /// At the start.
    Start,
    /// At the end.
    End,
}

/// A step from an entry (or component item) to what it points at.
#[derive(Debug, Clone, Copy)]
pub enum Hop<'s> {
    /// A relation stored with this entry.
    Relation {
        /// The attribute.
        field: &'s Field,
        /// The type pointed at.
        target: &'s ContentType,
    },
    /// A relation stored with the other side.
    Inverse {
        /// The attribute on this side.
        field: &'s Field,
        /// The attribute of `target` that stores the links.
        owner_field: &'s Field,
        /// The type that points here.
        target: &'s ContentType,
    },
    /// A media attribute; `target` is the file type.
    Media {
        /// The attribute.
        field: &'s Field,
        /// The file type.
        target: &'s ContentType,
    },
    /// The items of a component attribute.
    Component {
        /// The attribute.
        field: &'s Field,
        /// Its component.
        component: &'s Component,
    },
}

/// One sort key, possibly through to-one steps.
#[derive(Debug, Clone)]
pub struct Sort<'s> {
    /// The steps before the column.
    pub path: Vec<Hop<'s>>,
    /// What is sorted by.
    pub column: Column<'s>,
    /// Whether largest first.
    pub descending: bool,
}

/// Which part of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// By page number from 1.
    Numbered {
        /// From 1.
        page: u64,
        /// Entries per page, already clamped.
        size: u32,
        /// Whether the total is asked for.
        with_count: bool,
    },
    /// By offset.
    Offset {
        /// Entries skipped.
        start: u64,
        /// Entries returned, already clamped.
        limit: u32,
        /// Whether the total is asked for.
        with_count: bool,
    },
    /// After a cursor made by an earlier answer.
    Cursor {
        /// The decoded sort values and id of the last entry seen; `None` for the first page.
        after: Option<Vec<Value>>,
        /// Entries per page, already clamped.
        size: u32,
    },
    /// Exactly one entry by identity, or a single type's entry.
    One {
        /// The identity; `None` for a single type.
        document_id: Option<String>,
    },
}

/// What of an entry or component item is output.
#[derive(Debug, Clone, Default)]
pub struct Selection<'s> {
    /// Scalars in output order; `id` and `documentId` first (components: only `id`).
    pub columns: Vec<Column<'s>>,
    /// Populated attributes in schema order.
    pub populated: Vec<Populated<'s>>,
}

/// One populated attribute.
#[derive(Debug, Clone)]
pub struct Populated<'s> {
    /// The key in the output.
    pub name: &'s str,
    /// What stands there.
    pub shape: Shape<'s>,
}

/// What a populated attribute gives.
#[derive(Debug, Clone)]
pub enum Shape<'s> {
    /// Entries of one type: relation, inverse relation or media.
    Entries {
        /// How to get there (never `Hop::Component`).
        hop: Hop<'s>,
        /// An array, or one or null.
        many: bool,
        /// What of them.
        nested: Box<Nested<'s>>,
    },
    /// Only how many (`populate[x][count]=true`): output as `{"count": n}`.
    Count {
        /// How to get there.
        hop: Hop<'s>,
        /// Conditions on what is counted.
        filter: Option<Filter<'s>>,
    },
    /// Items of a component attribute.
    Component {
        /// The attribute.
        field: &'s Field,
        /// Its component.
        component: &'s Component,
        /// An array, or one or null.
        repeatable: bool,
        /// What of each item.
        selection: Selection<'s>,
    },
    /// Items of a dynamic zone, per component; items of components not listed are left out (Strapi: `on`).
    Zone {
        /// The attribute.
        field: &'s Field,
        /// What of each component.
        parts: Vec<(&'s Component, Selection<'s>)>,
    },
    /// A polymorphic relation stored here; targets of types not listed are left out.
    Morph {
        /// The attribute.
        field: &'s Field,
        /// An array, or one or null.
        many: bool,
        /// What of each type.
        parts: Vec<(&'s ContentType, Selection<'s>)>,
    },
    /// The other locales of the document.
    Localizations {
        /// What of each.
        selection: Box<Selection<'s>>,
    },
}

/// How the entries of a populated relation are chosen.
#[derive(Debug, Clone)]
pub struct Nested<'s> {
    /// What of each entry.
    pub selection: Selection<'s>,
    /// Conditions on them.
    pub filter: Option<Filter<'s>>,
    /// Their order; empty = the order of the relation.
    pub sort: Vec<Sort<'s>>,
    /// How many are skipped.
    pub start: u64,
    /// At most how many; `None` = the limit of the configuration.
    pub limit: Option<u32>,
}

/// A checked aggregation over one type.
#[derive(Debug, Clone)]
pub struct AggregateQuery<'s> {
    /// What is aggregated.
    pub content_type: &'s ContentType,
    /// Draft or published rows.
    pub stage: Stage,
    /// Which locales' rows.
    pub locale: LocaleChoice,
    /// Conditions on the rows.
    pub filter: Option<Filter<'s>>,
    /// The text of `_q`, or what was found for it.
    pub search: Option<Search>,
    /// Group keys, possibly through to-one relations.
    pub group_by: Vec<Sort<'s>>,
    /// What is computed, with the key in the output.
    pub measures: Vec<(String, Measure<'s>)>,
    /// At most how many groups.
    pub limit: u32,
}

/// One computed value of an aggregation.
#[derive(Debug, Clone, Copy)]
pub enum Measure<'s> {
    /// How many entries.
    Count,
    /// How many different values.
    CountDistinct(Column<'s>),
    /// The smallest value.
    Min(Column<'s>),
    /// The largest value.
    Max(Column<'s>),
    /// The mean of a number.
    Avg(Column<'s>),
    /// The sum of a number.
    Sum(Column<'s>),
}
