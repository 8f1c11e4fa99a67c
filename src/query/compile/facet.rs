//! How often each value occurs among the rows a search found.

use crate::platform::database::Statement;
use crate::query::{ListQuery, Search, Sort};

use super::CompileOptions;
use super::builder::Builder;
use super::hop::Step;
use super::page::base_conditions;
use super::scope::{Entry, Scope};

/// The statement that counts values: rows of a value and how many entries have it, the most first.
///
/// An entry that reaches a value in several ways counts once.
pub fn facet<'s>(
    options: CompileOptions<'s>,
    query: &'s ListQuery<'s>,
    value: &'s Sort<'s>,
    limit: u32,
) -> Statement {
    let mut builder = Builder::new(options, query.content_type, &query.locale);
    let root = Scope::Entry(Entry::root(&mut builder, query.content_type));
    let found: &[i64] = match &query.search {
        Some(Search::Found { rows, .. }) => rows,
        _ => &[],
    };
    let ranks = builder.ranks(found);
    let mut conditions = base_conditions(
        &mut builder,
        &root,
        query.content_type,
        query.publication,
        query.filter.as_ref(),
        None,
    );
    let mut steps: Vec<Step<'s>> = Vec::new();
    for hop in &value.path {
        let from = steps.last().map_or(&root, |step| &step.scope);
        let step = Step::new(&mut builder, from, *hop);
        steps.push(step);
    }
    let scope = steps.last().map_or(&root, |step| &step.scope);
    let (column, _) = scope.column(options.dialect, value.column);
    let Scope::Entry(entry) = &root else {
        return Statement::new("select null where 1=0");
    };
    let id = entry.id();
    conditions.push(format!("r.value={id}"));
    conditions.extend(entry.tie());
    let mut tables = format!("{ranks} cross join {}", entry.source());
    for step in &steps {
        let (joined, tied) = step.joined();
        tables.push_str(" cross join ");
        tables.push_str(&joined);
        conditions.extend(tied);
    }
    let conditions = conditions.join(" and ");
    let sql = format!(
        "select v,count(*) as n from (select distinct {column} as v,{id} as d from {tables} where {conditions}) x \
         where v is not null group by v order by n desc,v limit {limit}"
    );
    Statement::with(sql, builder.into_values())
}

/// The statement of the rows a search finds that pass its conditions, best first; without an index in the order of
/// their numbers, one more than `limit` if there are more.
pub fn found<'s>(options: CompileOptions<'s>, query: &'s ListQuery<'s>, limit: u32) -> Statement {
    let mut builder = Builder::new(options, query.content_type, &query.locale);
    let root = Scope::Entry(Entry::root(&mut builder, query.content_type));
    let (ranks, search) = match &query.search {
        Some(Search::Found { rows, .. }) => (Some(builder.ranks(rows)), None),
        other => (None, other.as_ref()),
    };
    let mut conditions = base_conditions(
        &mut builder,
        &root,
        query.content_type,
        query.publication,
        query.filter.as_ref(),
        search,
    );
    let Scope::Entry(entry) = &root else {
        return Statement::new("select null where 1=0");
    };
    let id = entry.id();
    conditions.extend(entry.tie());
    let (tables, order) = match ranks {
        Some(ranks) => {
            conditions.push(format!("r.value={id}"));
            (
                format!("{ranks} cross join {}", entry.source()),
                "r.key".to_owned(),
            )
        }
        None => (entry.source(), id.clone()),
    };
    let conditions = match conditions.is_empty() {
        true => String::new(),
        false => format!(" where {}", conditions.join(" and ")),
    };
    let limit = u64::from(limit) + 1;
    let sql = format!("select {id} from {tables}{conditions} order by {order} limit {limit}");
    Statement::with(sql, builder.into_values())
}
