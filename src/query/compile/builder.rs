//! The statement under construction: its values, its aliases and the two ways to write JSON in SQL.

use std::borrow::Cow;

use crate::platform::database::{Dialect, Value};
use crate::query::LocaleChoice;
use crate::schema::ContentType;

use super::CompileOptions;
use super::scope::LocaleOf;
use super::words::{lettered, push_quoted, quote, text};

/// Pairs per call of `json_object`: SQLite takes 1000 arguments.
const SQLITE_PAIRS: usize = 480;
/// Arguments per call of `concat`: PostgreSQL takes 100.
const POSTGRES_ARGUMENTS: usize = 90;

/// How a scalar is stored, as far as comparing and writing it differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Integer,
    BigInteger,
    Real,
    Boolean,
    Json,
}

/// A statement under construction.
pub(super) struct Builder<'s> {
    pub(super) dialect: Dialect,
    pub(super) options: CompileOptions<'s>,
    /// Which locales are read; `None` = the default locale.
    locale: Option<&'s LocaleChoice>,
    locale_parameter: Option<String>,
    values: Vec<Value>,
    aliases: u32,
}

impl<'s> Builder<'s> {
    /// A statement about a type; a type without locales has its localised targets in the default locale, whatever
    /// locale was asked for, as in Strapi.
    pub(super) fn new(
        options: CompileOptions<'s>,
        content_type: &ContentType,
        locale: &'s LocaleChoice,
    ) -> Self {
        let locale = content_type.localized.then_some(locale);
        Self {
            dialect: options.dialect,
            options,
            locale,
            locale_parameter: None,
            values: Vec::new(),
            aliases: 0,
        }
    }

    /// The next aliases for the rows of an entry: of the document and of the locale.
    pub(super) fn aliases(&mut self) -> (String, String) {
        let number = i64::from(self.alias());
        (lettered('t', number), lettered('l', number))
    }

    /// The next number for a table alias.
    pub(super) fn alias(&mut self) -> u32 {
        self.aliases += 1;
        self.aliases - 1
    }

    /// Whether one locale is read; then no row decides which locale its targets are read in.
    pub(super) fn reads_one_locale(&self) -> bool {
        !matches!(self.locale, Some(LocaleChoice::All))
    }

    /// A locale as SQL.
    pub(super) fn locale(&mut self, locale: &LocaleOf) -> String {
        match locale {
            LocaleOf::Query => self.locale_parameter(),
            LocaleOf::Row(sql) => sql.clone(),
        }
    }

    /// The parameter with the locale that is read; the default locale when all are or none is.
    fn locale_parameter(&mut self) -> String {
        if let Some(parameter) = &self.locale_parameter {
            return parameter.clone();
        }
        let code = match self.locale {
            Some(LocaleChoice::One(code)) => code.clone(),
            _ => self.options.default_locale.to_owned(),
        };
        let parameter = self.bind(Value::Text(code));
        self.locale_parameter = Some(parameter.clone());
        parameter
    }

    /// Binds a value and gives its placeholder.
    ///
    /// PostgreSQL's placeholders name their type, so that statements whose values differ in type differ in text too:
    /// a prepared statement keeps the types of its first use.
    pub(super) fn bind(&mut self, value: Value) -> String {
        let cast = match (self.dialect, &value) {
            (Dialect::Sqlite, _) => "",
            (_, Value::Null | Value::Text(_)) => "::text",
            (_, Value::Bool(_)) => "::boolean",
            (_, Value::Integer(_)) => "::bigint",
            (_, Value::Real(_)) => "::float8",
            (_, Value::Bytes(_)) => "::bytea",
        };
        self.values.push(value);
        let number = i64::try_from(self.values.len()).unwrap_or(i64::MAX);
        text(&[&lettered('$', number), cast])
    }

    /// The values bound so far, in the order of their placeholders.
    pub(super) fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// A JSON object; the values are as made by [`Self::scalar`], [`Self::object`] and so on.
    pub(super) fn object(&self, pairs: &[(&str, String)]) -> String {
        match self.dialect {
            Dialect::Sqlite => sqlite_object(pairs),
            Dialect::Postgres => {
                let mut parts = Vec::with_capacity(pairs.len() * 2 + 1);
                for (index, (key, value)) in pairs.iter().enumerate() {
                    let open = if index == 0 { "{\"" } else { ",\"" };
                    parts.push(Cow::Owned(quote(&text(&[open, key, "\":"]))));
                    parts.push(Cow::Borrowed(value.as_str()));
                }
                let close = if pairs.is_empty() { "'{}'" } else { "'}'" };
                parts.push(Cow::Borrowed(close));
                concat(&parts)
            }
        }
    }

    /// A JSON array of fixed length.
    pub(super) fn array(&self, values: &[String]) -> String {
        match self.dialect {
            Dialect::Sqlite => text(&["json_array(", &values.join(","), ")"]),
            Dialect::Postgres => {
                let mut parts = vec![Cow::Borrowed("'['")];
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        parts.push(Cow::Borrowed("','"));
                    }
                    parts.push(Cow::Borrowed(value));
                }
                parts.push(Cow::Borrowed("']'"));
                concat(&parts)
            }
        }
    }

    /// The aggregate that makes an array of the rows.
    ///
    /// SQLite's rows must arrive in order already; PostgreSQL orders by `order`.
    pub(super) fn array_of_rows(&self, value: &str, order: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("json_group_array({value})"),
            Dialect::Postgres => {
                format!("concat('[',string_agg({value},',' order by {order}),']')")
            }
        }
    }

    /// As [`Self::array_of_rows`], but the statement fails when there are more rows than one parent may have.
    pub(super) fn bounded_array_of_rows(&self, value: &str, order: &str) -> String {
        let rows = self.options.populated_rows;
        let array = self.array_of_rows(value, order);
        // The text depends on the count so that nothing evaluates it before there is a count.
        let refuse = match self.dialect {
            Dialect::Sqlite => {
                format!("json_extract('{{}}','{} '||count(*))", super::TOO_MANY_ROWS)
            }
            Dialect::Postgres => {
                format!(
                    "cast('{} '||count(*) as bigint)::text",
                    super::TOO_MANY_ROWS
                )
            }
        };
        format!("case when count(*)>{rows} then {refuse} else {array} end")
    }

    /// A subquery that gives one JSON value or no row, as a JSON value.
    pub(super) fn one_or_null(&self, subquery: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("({subquery})"),
            Dialect::Postgres => format!("coalesce(({subquery}),'null')"),
        }
    }

    /// A text of this program as a JSON string.
    pub(super) fn constant(&self, text: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => quote(text),
            Dialect::Postgres => quote(&format!("\"{text}\"")),
        }
    }

    /// JSON null.
    pub(super) fn null(&self) -> String {
        self.dialect.pick("null", "'null'").to_owned()
    }

    /// An integer expression that is never null, as a JSON number.
    pub(super) fn number(&self, sql: &str) -> String {
        sql.to_owned()
    }

    /// A stored scalar as a JSON value.
    pub(super) fn scalar(&self, form: Form, sql: String) -> String {
        match self.dialect {
            Dialect::Sqlite => sqlite_scalar(form, sql),
            Dialect::Postgres => postgres_scalar(form, &sql),
        }
    }
}

fn sqlite_object(pairs: &[(&str, String)]) -> String {
    let call = |pairs: &[(&str, String)]| {
        let length = pairs
            .iter()
            .map(|(key, value)| key.len() + value.len() + 4)
            .sum::<usize>();
        let mut sql = String::with_capacity(length + 16);
        sql.push_str("json_object(");
        for (index, (key, value)) in pairs.iter().enumerate() {
            if index > 0 {
                sql.push(',');
            }
            push_quoted(&mut sql, key);
            sql.push(',');
            sql.push_str(value);
        }
        sql.push(')');
        sql
    };
    if pairs.len() <= SQLITE_PAIRS {
        return call(pairs);
    }
    // The parts' outer braces are cut off by position: trimming could eat those of a value.
    let inner = pairs.chunks(SQLITE_PAIRS).map(|chunk| {
        let object = call(chunk);
        format!("substr({object},2,length({object})-2)")
    });
    let inner: Vec<String> = inner.collect();
    format!("json('{{'||{}||'}}')", inner.join("||','||"))
}

fn sqlite_scalar(form: Form, sql: String) -> String {
    match form {
        Form::Text | Form::Integer => sql,
        Form::BigInteger => text(&["cast(", &sql, " as text)"]),
        Form::Json => text(&["json(", &sql, ")"]),
        Form::Boolean => text(&[
            "case ",
            &sql,
            " when 1 then json('true') when 0 then json('false') end",
        ]),
        // json_object prints 15 digits; numbers that need more are printed here.
        Form::Real => format!(
            "case when {sql}=cast({sql} as integer) and abs({sql})<1e15 then cast({sql} as integer) \
             when cast(printf('%!.15g',{sql}) as real)={sql} then {sql} \
             when {sql} is not null then json(printf('%!.17g',{sql})) end"
        ),
    }
}

fn postgres_scalar(form: Form, sql: &str) -> String {
    match form {
        Form::Text => text(&["coalesce(to_json(", sql, ")::text,'null')"]),
        Form::BigInteger => text(&["coalesce('\"'||", sql, "||'\"','null')"]),
        Form::Json => text(&["coalesce(", sql, ",'null')"]),
        Form::Integer | Form::Real | Form::Boolean => text(&["coalesce((", sql, ")::text,'null')"]),
    }
}

/// Joins text expressions, in groups that a function takes.
fn concat(parts: &[Cow<'_, str>]) -> String {
    if parts.len() <= POSTGRES_ARGUMENTS {
        return text(&["concat(", &parts.join(","), ")"]);
    }
    let groups: Vec<Cow<'_, str>> = parts
        .chunks(POSTGRES_ARGUMENTS)
        .map(|chunk| concat(chunk).into())
        .collect();
    concat(&groups)
}
