//! Comparisons of one column: operators and text matches.

use serde_json::Value as Json;

use crate::platform::database::{Dialect, Value};
use crate::query::{Operator, Place, TextMatch};

use super::builder::{Builder, Form};

impl Builder<'_> {
    /// A column compared; what SQL makes of null stays (`null <> 1` does not match), as in Strapi.
    pub(super) fn compare(&mut self, sql: &str, form: Form, operator: &Operator) -> String {
        match operator {
            Operator::Eq(Json::Null) | Operator::Null(true) => format!("{sql} is null"),
            Operator::Ne(Json::Null) | Operator::Null(false) => format!("{sql} is not null"),
            Operator::Eq(value) => self.binary(sql, form, "=", value),
            Operator::Ne(value) => self.binary(sql, form, "<>", value),
            Operator::Lt(value) => self.binary(sql, form, "<", value),
            Operator::Lte(value) => self.binary(sql, form, "<=", value),
            Operator::Gt(value) => self.binary(sql, form, ">", value),
            Operator::Gte(value) => self.binary(sql, form, ">=", value),
            Operator::EqIgnoringCase(text) => self.ignoring_case(sql, form, "=", text),
            Operator::NeIgnoringCase(text) => self.ignoring_case(sql, form, "<>", text),
            Operator::In(values) => self.one_of(sql, form, values, false),
            Operator::NotIn(values) => self.one_of(sql, form, values, true),
            Operator::Match(text) => self.text_match(sql, form, text),
            Operator::Between(low, high) => {
                let low = self.binary(sql, form, ">=", low);
                let high = self.binary(sql, form, "<=", high);
                format!("({low} and {high})")
            }
        }
    }

    fn binary(&mut self, sql: &str, form: Form, operator: &str, value: &Json) -> String {
        if value.is_null() {
            // Nothing is less or greater than null.
            return "1=0".to_owned();
        }
        match bound(form, value) {
            Some(value) => {
                let parameter = self.bind(value);
                format!("{sql}{operator}{parameter}")
            }
            None => "1=0".to_owned(),
        }
    }

    fn ignoring_case(&mut self, sql: &str, form: Form, operator: &str, text: &str) -> String {
        let column = as_text(sql, form);
        let parameter = self.bind(Value::Text(text.to_ascii_lowercase()));
        format!("lower({column}){operator}{parameter}")
    }

    /// The list is one parameter, so that its length does not change the text of the statement.
    fn one_of(&mut self, sql: &str, form: Form, values: &[Json], negated: bool) -> String {
        let null = values.iter().any(Json::is_null);
        let list: Vec<Json> = values
            .iter()
            .filter(|value| !value.is_null())
            .filter_map(|value| listed(form, value))
            .collect();
        let inside = if list.is_empty() {
            if negated {
                "1=1".to_owned()
            } else {
                "1=0".to_owned()
            }
        } else {
            let word = if negated { "not in" } else { "in" };
            format!("{sql} {word} ({})", self.list(form, &list))
        };
        match (null, negated) {
            (false, _) => inside,
            (true, false) => format!("({inside} or {sql} is null)"),
            (true, true) => format!("({inside} and {sql} is not null)"),
        }
    }

    /// A subquery with the values of a list.
    pub(super) fn list(&mut self, form: Form, values: &[Json]) -> String {
        let parameter = self.bind(Value::Text(Json::from(values).to_string()));
        let (dialect, cast) = (
            self.dialect,
            match form {
                Form::Integer | Form::BigInteger => "::bigint",
                Form::Real => "::float8",
                Form::Boolean => "::boolean",
                Form::Text | Form::Json => " collate \"C\"",
            },
        );
        match dialect {
            Dialect::Sqlite => format!("select value from json_each({parameter})"),
            Dialect::Postgres => {
                format!(
                    "select v{cast} from jsonb_array_elements_text({parameter}::jsonb) as list(v)"
                )
            }
        }
    }

    /// Text matches. SQLite's `LIKE` ignores the case of ASCII letters, as `lower` does, and is the fastest way to;
    /// its wildcards are escaped.
    fn text_match(&mut self, sql: &str, form: Form, wanted: &TextMatch) -> String {
        let column = as_text(sql, form);
        if wanted.text.is_empty() {
            let null = if wanted.negated { "1=0" } else { "1=1" };
            return format!("({column} is not null and {null})");
        }
        match (self.dialect, wanted.ignore_case) {
            (Dialect::Sqlite, true) => {
                let not = if wanted.negated { "not " } else { "" };
                let pattern = self.bind(Value::Text(pattern(wanted)));
                format!("{column} {not}like {pattern} escape '\\'")
            }
            (_, true) => {
                let text = wanted.text.to_ascii_lowercase();
                self.exact_match(&format!("lower({column})"), text, wanted)
            }
            (_, false) => self.exact_match(&column, wanted.text.clone(), wanted),
        }
    }

    fn exact_match(&mut self, column: &str, text: String, wanted: &TextMatch) -> String {
        let p = self.bind(Value::Text(text));
        let (equal, found) = if wanted.negated {
            ("<>", "=0")
        } else {
            ("=", ">0")
        };
        match (wanted.place, self.dialect) {
            (Place::Anywhere, Dialect::Sqlite) => format!("instr({column},{p}){found}"),
            (Place::Anywhere, Dialect::Postgres) => format!("strpos({column},{p}){found}"),
            (Place::Start, Dialect::Sqlite) => {
                format!("substr({column},1,length({p})){equal}{p}")
            }
            (Place::End, Dialect::Sqlite) => format!("substr({column},-length({p})){equal}{p}"),
            (Place::Start, Dialect::Postgres) => format!("left({column},length({p})){equal}{p}"),
            (Place::End, Dialect::Postgres) => format!("right({column},length({p})){equal}{p}"),
        }
    }
}

/// The `LIKE` pattern of a match.
fn pattern(wanted: &TextMatch) -> String {
    let mut pattern = String::with_capacity(wanted.text.len() + 2);
    if wanted.place != Place::Start {
        pattern.push('%');
    }
    for letter in wanted.text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    if wanted.place != Place::End {
        pattern.push('%');
    }
    pattern
}

fn as_text(sql: &str, form: Form) -> String {
    match form {
        Form::Text | Form::Json => sql.to_owned(),
        _ => format!("cast({sql} as text)"),
    }
}

/// A value as bound for comparing with a column of that form; `None` if no such value can be stored.
pub(super) fn bound(form: Form, value: &Json) -> Option<Value> {
    match (form, value) {
        (Form::Boolean, Json::Bool(value)) => Some(Value::Bool(*value)),
        (Form::Boolean, _) => None,
        (Form::Integer | Form::BigInteger, Json::Number(number)) => number
            .as_i64()
            .map(Value::Integer)
            .or_else(|| number.as_f64().map(Value::Real)),
        (Form::Integer | Form::BigInteger, Json::String(text)) => {
            text.parse().ok().map(Value::Integer).or_else(|| real(text))
        }
        (Form::Real, Json::Number(number)) => number.as_f64().map(Value::Real),
        (Form::Real, Json::String(text)) => real(text),
        (Form::Integer | Form::BigInteger | Form::Real, _) => None,
        (_, Json::String(text)) => Some(Value::Text(text.clone())),
        (_, other) => Some(Value::Text(other.to_string())),
    }
}

fn real(text: &str) -> Option<Value> {
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Value::Real(value))
}

/// A value as an element of a list.
fn listed(form: Form, value: &Json) -> Option<Json> {
    match bound(form, value)? {
        Value::Integer(value) => Some(value.into()),
        Value::Real(value) if form == Form::Real => Some(value.into()),
        Value::Bool(value) => Some(value.into()),
        Value::Text(text) => Some(text.into()),
        _ => None,
    }
}
