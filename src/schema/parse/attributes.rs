//! The attributes of one file as a set.

use serde_json::{Map, Value};

use super::options::Options;
use super::{MAX_ATTRIBUTES, attribute};
use crate::schema::definition::{FieldDefinition, Problem};
use crate::schema::{Condition, FieldKind};

/// Reads `attributes`, and what they say about each other.
pub(super) fn parse(
    file: &str,
    map: &Map<String, Value>,
    problems: &mut Vec<Problem>,
) -> Vec<FieldDefinition> {
    let Some(Value::Object(attributes)) = map.get("attributes") else {
        Options::new(map, file, None, problems).problem(
            "attributes",
            "must be an object of attributes, if only an empty one",
        );
        return Vec::new();
    };
    if attributes.len() > MAX_ATTRIBUTES {
        let message = format!("there are {}, {MAX_ATTRIBUTES} at most", attributes.len());
        Options::new(map, file, None, problems).problem("attributes", message);
        return Vec::new();
    }
    let mut fields = Vec::new();
    for (name, definition) in attributes {
        match definition.as_object() {
            Some(definition) => fields.extend(attribute::parse(file, name, definition, problems)),
            None => Options::new(map, file, Some(name), problems)
                .problem("type", "an attribute must be an object"),
        }
    }
    refuse_case_twins(file, map, &fields, problems);
    check_conditions(file, map, &fields, problems);
    fields
}

/// Two names that differ only in case are one column in some databases and one typo for people.
fn refuse_case_twins(
    file: &str,
    map: &Map<String, Value>,
    fields: &[FieldDefinition],
    problems: &mut Vec<Problem>,
) {
    let mut seen = std::collections::HashMap::new();
    for field in fields {
        if let Some(other) = seen.insert(field.name.to_ascii_lowercase(), &field.name) {
            let message = format!("differs from `{other}` only in case; choose another name");
            Options::new(map, file, Some(&field.name), problems).problem("name", message);
        }
    }
}

fn check_conditions(
    file: &str,
    map: &Map<String, Value>,
    fields: &[FieldDefinition],
    problems: &mut Vec<Problem>,
) {
    for field in fields {
        if let Some(condition) = &field.condition
            && let Some(reason) = condition_problem(field, condition, fields)
        {
            Options::new(map, file, Some(&field.name), problems).problem("conditions", reason);
        }
    }
}

fn condition_problem(
    field: &FieldDefinition,
    condition: &Condition,
    fields: &[FieldDefinition],
) -> Option<String> {
    if condition.field == field.name {
        return Some("an attribute cannot depend on itself".to_owned());
    }
    let Some(decider) = fields.iter().find(|other| other.name == condition.field) else {
        return Some(format!("there is no attribute `{}`", condition.field));
    };
    let fits = match &decider.kind {
        FieldKind::Boolean => condition.equals.is_boolean() || condition.equals.is_null(),
        FieldKind::Enumeration { values } => {
            condition.equals.is_null()
                || condition
                    .equals
                    .as_str()
                    .is_some_and(|word| values.iter().any(|v| v == word))
        }
        _ => {
            return Some(format!(
                "`{}` must be a boolean or an enumeration",
                condition.field
            ));
        }
    };
    (!fits).then(|| format!("`{}` can never hold {}", condition.field, condition.equals))
}
