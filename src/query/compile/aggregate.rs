//! The statement of an aggregation.

use std::fmt::Write as _;

use crate::platform::database::{Dialect, Statement};
use crate::query::{AggregateQuery, Column, Measure};

use super::CompileOptions;
use super::builder::{Builder, Form};
use super::page::{base_conditions, rows};
use super::scope::{Entry, Scope};

/// The statement of an aggregation.
///
/// It gives one row: a JSON array with an element per group, ordered by the group's keys and one more
/// than asked for if there are more; each is an array of the keys' values, then the measures'.
pub fn aggregate<'s>(options: CompileOptions<'s>, query: &'s AggregateQuery<'s>) -> Statement {
    let mut builder = Builder::new(options, query.content_type, &query.locale);
    let scope = Scope::Entry(Entry::root(&mut builder, query.content_type));
    let conditions = base_conditions(
        &mut builder,
        &scope,
        query.content_type,
        None,
        query.filter.as_ref(),
        query.search.as_ref(),
    );
    let mut inner = Columns::default();
    let mut order = Vec::new();
    let mut values = Vec::new();
    for (index, key) in query.group_by.iter().enumerate() {
        let (sql, form) = builder.through(&scope, key);
        inner.add(&format!("{sql} as g{index}"));
        order.push(nulls_first(
            options.dialect,
            &format!("g{index}"),
            key.descending,
        ));
        values.push(builder.scalar(form, format!("p.g{index}")));
    }
    let mut measured = Columns::default();
    for (index, (_, measure)) in query.measures.iter().enumerate() {
        let form = match column_of(*measure) {
            Some(column) => {
                let (sql, form) = scope.column(options.dialect, column);
                inner.add(&format!("{sql} as c{index}"));
                form
            }
            None => Form::Integer,
        };
        let (sql, form) = computed(options.dialect, *measure, form, &format!("c{index}"));
        measured.add(&format!("{sql} as m{index}"));
        values.push(builder.scalar(form, format!("p.m{index}")));
    }
    inner.add("1 as one");
    let rows = rows(&scope, &conditions);
    let groups: Vec<String> = (0..query.group_by.len())
        .map(|index| format!("g{index}"))
        .collect();
    let array = builder.array_of_rows(&builder.array(&values), "p.n");
    let sql = grouped(
        &builder,
        &groups,
        &order,
        &measured.0,
        &format!("select {}{rows}", inner.0),
    );
    let limit = u64::from(query.limit) + 1;
    Statement::with(
        format!("select {array} from ({sql} limit {limit}) p"),
        builder.into_values(),
    )
}

/// A list of selected expressions.
#[derive(Default)]
struct Columns(String);

impl Columns {
    fn add(&mut self, column: &str) {
        let comma = if self.0.is_empty() { "" } else { "," };
        let _ = write!(self.0, "{comma}{column}");
    }
}

/// Groups the rows of a derived table, so that keys are plain columns whatever they are made of.
fn grouped(
    builder: &Builder<'_>,
    groups: &[String],
    order: &[String],
    measured: &str,
    rows: &str,
) -> String {
    let mut columns = Columns::default();
    for group in groups {
        columns.add(group);
    }
    if !measured.is_empty() {
        columns.add(measured);
    }
    let order = order.join(",");
    if builder.dialect == Dialect::Postgres {
        let over = if order.is_empty() {
            String::new()
        } else {
            format!("order by {order}")
        };
        columns.add(&format!("row_number() over ({over}) as n"));
    }
    if columns.0.is_empty() {
        columns.add("1");
    }
    let (group, order) = if groups.is_empty() {
        (String::new(), String::new())
    } else {
        (
            format!(" group by {}", groups.join(",")),
            format!(" order by {order}"),
        )
    };
    format!("select {} from ({rows}) r{group}{order}", columns.0)
}

fn nulls_first(dialect: Dialect, column: &str, descending: bool) -> String {
    let (direction, nulls) = if descending {
        (" desc", "last")
    } else {
        ("", "first")
    };
    match dialect {
        Dialect::Sqlite => format!("{column}{direction}"),
        Dialect::Postgres => format!("{column}{direction} nulls {nulls}"),
    }
}

fn column_of(measure: Measure<'_>) -> Option<Column<'_>> {
    match measure {
        Measure::Count => None,
        Measure::CountDistinct(column)
        | Measure::Min(column)
        | Measure::Max(column)
        | Measure::Avg(column)
        | Measure::Sum(column) => Some(column),
    }
}

/// Sums and means are doubles on both databases, so that whole numbers cannot overflow.
fn computed(dialect: Dialect, measure: Measure<'_>, form: Form, column: &str) -> (String, Form) {
    let double = dialect.pick("real", "float8");
    let on_truth = dialect == Dialect::Postgres && form == Form::Boolean;
    match measure {
        Measure::Count => ("count(*)".to_owned(), Form::Integer),
        Measure::CountDistinct(_) => (format!("count(distinct {column})"), Form::Integer),
        Measure::Min(_) if on_truth => (format!("bool_and({column})"), form),
        Measure::Max(_) if on_truth => (format!("bool_or({column})"), form),
        Measure::Min(_) => (format!("min({column})"), form),
        Measure::Max(_) => (format!("max({column})"), form),
        Measure::Avg(_) => (format!("avg(cast({column} as {double}))"), Form::Real),
        Measure::Sum(_) => (format!("sum(cast({column} as {double}))"), Form::Real),
    }
}
