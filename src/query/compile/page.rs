//! The statements of a query: its page, its total.

use serde_json::Value as Json;

use crate::base::Stage;
use crate::platform::database::Statement;
use crate::query::{Filter, ListQuery, Page, PublicationFilter, Search};
use crate::schema::ContentType;

use super::CompileOptions;
use super::builder::Builder;
use super::order::{Key, ordering};
use super::scope::{Entry, Scope};
use super::select::{Picked, joined};

/// The statement of a query's page.
///
/// It gives one row: how many entries, their JSON (an array; for [`Page::One`] one object and perhaps no row), and for
/// [`Page::Cursor`] an array with the sort values of each entry, the identity last.
pub fn page<'s>(options: CompileOptions<'s>, query: &'s ListQuery<'s>) -> Statement {
    let mut builder = Builder::new(options, query.content_type, &query.locale);
    let entry = Entry::root(&mut builder, query.content_type);
    let scope = Scope::Entry(entry);
    let sql = match &query.page {
        Page::One { document_id } => one(&mut builder, &scope, query, document_id.as_deref()),
        Page::Numbered { page, size, .. } => {
            let start = page.saturating_sub(1).saturating_mul(u64::from(*size));
            list(&mut builder, &scope, query, start, *size)
        }
        Page::Offset { start, limit, .. } => list(&mut builder, &scope, query, *start, *limit),
        Page::Cursor { after, size } => {
            after_cursor(&mut builder, &scope, query, after.as_deref(), *size)
        }
    };
    Statement::with(sql, builder.into_values())
}

/// The statement that counts what a query finds on all its pages.
pub fn count<'s>(options: CompileOptions<'s>, query: &'s ListQuery<'s>) -> Statement {
    let mut builder = Builder::new(options, query.content_type, &query.locale);
    let entry = Entry::root(&mut builder, query.content_type);
    let scope = Scope::Entry(entry);
    let conditions = conditions(&mut builder, &scope, query);
    let sql = format!("select count(*){}", rows(&scope, &conditions));
    Statement::with(sql, builder.into_values())
}

fn one<'s>(
    builder: &mut Builder<'s>,
    scope: &Scope<'s>,
    query: &'s ListQuery<'s>,
    document_id: Option<&str>,
) -> String {
    let mut conditions = Vec::new();
    if let Some(document_id) = document_id {
        let identity = builder.bind(document_id.into());
        conditions.push(format!(
            "{}=(select doc from documents where document_id={identity})",
            scope.doc()
        ));
    }
    conditions.extend(self::conditions(builder, scope, query));
    let object = builder.entry(scope, &query.selection, Vec::new());
    let rows = rows(scope, &conditions);
    format!("select 1,{object}{rows} order by {} limit 1", id(scope))
}

fn list<'s>(
    builder: &mut Builder<'s>,
    scope: &Scope<'s>,
    query: &'s ListQuery<'s>,
    start: u64,
    limit: u32,
) -> String {
    let (order, rows) = match &query.search {
        Some(Search::Found { rows, .. }) if query.sort.is_empty() => {
            ranked(builder, scope, query, rows)
        }
        _ => {
            let conditions = conditions(builder, scope, query);
            let keys = keys(builder, scope, query);
            (ordering(&keys, builder.dialect), rows(scope, &conditions))
        }
    };
    let is_page = matches!(query.search, Some(Search::Found { total: Some(_), .. }));
    let picked = Picked {
        id: id(scope),
        order,
        limit: u64::from(limit),
        start: if is_page { 0 } else { start },
        keys: Vec::new(),
    };
    let alias = builder.alias();
    let pick = picked.subquery(builder, &rows, alias);
    let (array, source) = objects(builder, query, alias);
    format!("select count(*),{array} from {pick} {source}")
}

/// The order and source of rows that were found, best first; those that fail a condition are left out.
fn ranked<'s>(
    builder: &mut Builder<'s>,
    scope: &Scope<'s>,
    query: &'s ListQuery<'s>,
    found: &[i64],
) -> (String, String) {
    let ranks = builder.ranks(found);
    let mut conditions = base_conditions(
        builder,
        scope,
        query.content_type,
        query.publication,
        query.filter.as_ref(),
        None,
    );
    conditions.push(format!("r.value={}", id(scope)));
    let rows = rows(scope, &conditions);
    let rows = rows.strip_prefix(" from ").unwrap_or_default();
    (
        "r.key".to_owned(),
        format!(" from {ranks} cross join {rows}"),
    )
}

fn after_cursor<'s>(
    builder: &mut Builder<'s>,
    scope: &Scope<'s>,
    query: &'s ListQuery<'s>,
    after: Option<&[Json]>,
    size: u32,
) -> String {
    let mut conditions = conditions(builder, scope, query);
    let keys = keys(builder, scope, query);
    if let Some(values) = after {
        conditions.push(builder.after(&keys, values));
    }
    let picked = Picked {
        id: id(scope),
        order: ordering(&keys, builder.dialect),
        limit: u64::from(size),
        start: 0,
        keys: keys.iter().map(|key| key.sql.clone()).collect(),
    };
    let rows = rows(scope, &conditions);
    let alias = builder.alias();
    let pick = picked.subquery(builder, &rows, alias);
    let values: Vec<String> = keys
        .iter()
        .enumerate()
        .map(|(index, key)| builder.scalar(key.form, format!("p{alias}.s{index}")))
        .collect();
    let values = builder.array_of_rows(&builder.array(&values), &format!("p{alias}.n"));
    let (array, source) = objects(builder, query, alias);
    format!("select count(*),{array},{values} from {pick} {source}")
}

/// The array of entries of picked rows, and the tables it reads.
fn objects<'s>(
    builder: &mut Builder<'s>,
    query: &'s ListQuery<'s>,
    alias: u32,
) -> (String, String) {
    let entry = Entry::root(builder, query.content_type);
    let scope = Scope::Entry(entry);
    let object = builder.entry(&scope, &query.selection, Vec::new());
    let array = builder.array_of_rows(&object, &format!("p{alias}.n"));
    (array, joined(&scope, alias))
}

fn keys<'s>(builder: &mut Builder<'s>, scope: &Scope<'s>, query: &'s ListQuery<'s>) -> Vec<Key> {
    let mut keys = builder.sort_keys(scope, &query.sort);
    keys.push(Key::identity(id(scope)));
    keys
}

fn id(scope: &Scope<'_>) -> String {
    match scope {
        Scope::Entry(entry) => entry.id(),
        Scope::Item(_) => String::new(),
    }
}

/// `from … where …` of a query's own rows.
pub(super) fn rows(scope: &Scope<'_>, conditions: &[String]) -> String {
    let Scope::Entry(entry) = scope else {
        return String::new();
    };
    let mut all: Vec<String> = entry.tie().into_iter().collect();
    all.extend(conditions.iter().cloned());
    let mut sql = format!(" from {}", entry.source());
    if !all.is_empty() {
        sql.push_str(" where ");
        sql.push_str(&all.join(" and "));
    }
    sql
}

fn conditions<'s>(
    builder: &mut Builder<'s>,
    scope: &Scope<'s>,
    query: &'s ListQuery<'s>,
) -> Vec<String> {
    base_conditions(
        builder,
        scope,
        query.content_type,
        query.publication,
        query.filter.as_ref(),
        query.search.as_ref(),
    )
}

/// The conditions on a query's own rows.
pub(super) fn base_conditions<'s>(
    builder: &mut Builder<'s>,
    scope: &Scope<'s>,
    content_type: &'s ContentType,
    published: Option<PublicationFilter>,
    filter: Option<&Filter<'s>>,
    search: Option<&Search>,
) -> Vec<String> {
    let mut conditions = Vec::new();
    if let Scope::Entry(entry) = scope {
        conditions.extend(entry.in_locale(builder));
        conditions.extend(published.map(|filter| publication(builder, entry, filter)));
    }
    conditions.extend(filter.map(|filter| builder.filter(scope, filter)));
    conditions.extend(search.map(|search| match search {
        Search::Words(text) => builder.search(scope, content_type, text),
        Search::Found { rows, .. } => format!("{} in {}", id(scope), builder.found(rows)),
    }));
    conditions
}

/// The condition on the row's counterpart in the other stage.
fn publication<'s>(
    builder: &mut Builder<'s>,
    entry: &Entry<'s>,
    filter: PublicationFilter,
) -> String {
    use PublicationFilter as P;
    let content_type = entry.content_type;
    if !content_type.draft_and_publish {
        return publication_without_drafts(filter).to_owned();
    }
    let is_draft = entry.stage == Stage::Draft;
    let here = |stage| (stage == Stage::Draft) == is_draft;
    match filter {
        P::NeverPublished if here(Stage::Published) => "1=0".to_owned(),
        P::NeverPublished => format!("not {}", counterpart(builder, entry, true, None)),
        P::HasPublishedVersion if here(Stage::Published) => "1=1".to_owned(),
        P::HasPublishedVersion => counterpart(builder, entry, true, None),
        P::Modified => counterpart(builder, entry, true, Some("<>")),
        P::Unmodified => counterpart(builder, entry, true, Some("=")),
        P::NeverPublishedDocument if here(Stage::Published) => "1=0".to_owned(),
        P::NeverPublishedDocument => format!("not {}", counterpart(builder, entry, false, None)),
        P::HasPublishedVersionDocument if here(Stage::Published) => "1=1".to_owned(),
        P::HasPublishedVersionDocument => counterpart(builder, entry, false, None),
        P::PublishedWithoutDraft | P::PublishedWithDraft if is_draft => "1=0".to_owned(),
        P::PublishedWithoutDraft => format!("not {}", counterpart(builder, entry, true, None)),
        P::PublishedWithDraft => counterpart(builder, entry, true, None),
    }
}

/// Without drafts everything is published and nothing differs.
fn publication_without_drafts(filter: PublicationFilter) -> &'static str {
    use PublicationFilter as P;
    match filter {
        P::HasPublishedVersion | P::HasPublishedVersionDocument | P::Unmodified => "1=1",
        P::NeverPublished | P::NeverPublishedDocument | P::Modified => "1=0",
        P::PublishedWithoutDraft => "1=1",
        P::PublishedWithDraft => "1=0",
    }
}

/// Whether the other stage has a row of the same document, and of the same locale if asked.
fn counterpart<'s>(
    builder: &mut Builder<'s>,
    entry: &Entry<'s>,
    same_locale: bool,
    updated_at: Option<&str>,
) -> String {
    let other = match entry.stage {
        Stage::Draft => Stage::Published,
        Stage::Published => Stage::Draft,
    };
    let content_type: &ContentType = entry.content_type;
    let alias = format!("o{}", builder.alias());
    let (table, doc) = if content_type.localized {
        (content_type.locale_table(other), "doc")
    } else {
        (content_type.table(other), "id")
    };
    let mut conditions = vec![format!("{alias}.{doc}={}", entry.doc())];
    if content_type.localized && same_locale {
        conditions.push(format!("{alias}.locale={}", entry.own_locale()));
    }
    if let Some(operator) = updated_at {
        conditions.push(format!(
            "{alias}.updated_at{operator}{}",
            entry.updated_at()
        ));
    }
    format!(
        "exists(select 1 from {table} {alias} where {})",
        conditions.join(" and ")
    )
}
