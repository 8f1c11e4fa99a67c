//! One attribute of a schema file, every type and option of it.

use serde_json::{Map, Value};

use super::kinds;
use super::options::Options;
use crate::schema::definition::{FieldDefinition, Problem};
use crate::schema::{Condition, FieldKind, LARGEST_SEARCH_BOOST, names};

const KNOWN: &[&str] = &[
    "type",
    "required",
    "unique",
    "private",
    "searchable",
    "search",
    "configurable",
    "default",
    "min",
    "max",
    "minLength",
    "maxLength",
    "regex",
    "enum",
    "enumName",
    "targetField",
    "options",
    "multiple",
    "allowedTypes",
    "relation",
    "target",
    "inversedBy",
    "mappedBy",
    "targetAttribute",
    "component",
    "components",
    "repeatable",
    "customField",
    "conditions",
    "pluginOptions",
    "column",
    "onDelete",
    "renamedFrom",
    "useJoinTable",
    "joinColumn",
    "joinTable",
    "morphColumn",
    "visible",
    "writable",
    "description",
    "displayName",
    "autoPopulate",
];

/// Reads one attribute; `None` when so much is wrong that no kind can be told.
pub(super) fn parse(
    file: &str,
    name: &str,
    definition: &Map<String, Value>,
    problems: &mut Vec<Problem>,
) -> Option<FieldDefinition> {
    let mut options = Options::new(definition, file, Some(name), problems);
    if let Some(reason) = names::attribute_problem(name) {
        options.problem("name", reason);
    }
    options.refuse_near_misses(KNOWN);
    options.flag("configurable");
    check_search(&mut options);
    let kind = kinds::parse(&mut options)?;
    let unique = options.flag("unique").unwrap_or(false);
    if unique && !may_be_unique(&kind) {
        options.problem("unique", format!("a {} cannot be unique", kind.name()));
    }
    let localized = explicit_localized(&mut options);
    let mut kept = definition.clone();
    kept.shift_remove("renamedFrom");
    Some(FieldDefinition {
        renamed_from: options.text("renamedFrom").map(str::to_owned),
        name: name.to_owned(),
        required: options.flag("required").unwrap_or(false),
        // A slug names one entry; two with the same slug could not be told apart.
        unique: unique || matches!(kind, FieldKind::Uid(_)),
        private: options.flag("private").unwrap_or(false),
        localized: localized.unwrap_or(matches!(kind, FieldKind::Relation(_) | FieldKind::Uid(_))),
        searchable: options.flag("searchable").unwrap_or(true),
        default: default_value(&mut options, &kind),
        condition: condition(&mut options),
        kind,
        definition: kept,
    })
}

/// Reads `"search": {"boost": 3}`, which search takes from the attribute as it is written.
fn check_search(options: &mut Options<'_>) {
    let Some(search) = options.object("search") else {
        return;
    };
    let unknown = search.keys().find(|key| *key != "boost");
    let boost = search.get("boost").map(Value::as_f64);
    let fits = |boost: f64| (0.0..=LARGEST_SEARCH_BOOST).contains(&boost);
    if let Some(key) = unknown {
        options.problem("search", format!("has no `{key}`; it takes `boost`"));
    } else if !boost.is_none_or(|boost| boost.is_some_and(fits)) {
        let most = LARGEST_SEARCH_BOOST;
        options.problem("search.boost", format!("must be a number from 0 to {most}"));
    }
}

fn may_be_unique(kind: &FieldKind) -> bool {
    kind.is_scalar()
        && !matches!(
            kind,
            FieldKind::Json | FieldKind::Blocks | FieldKind::Password(_)
        )
}

fn explicit_localized(options: &mut Options<'_>) -> Option<bool> {
    let i18n = options.object("pluginOptions")?.get("i18n")?;
    let localized = i18n.get("localized")?.as_bool();
    if localized.is_none() {
        options.problem("pluginOptions.i18n.localized", "must be true or false");
    }
    localized
}

fn default_value(options: &mut Options<'_>, kind: &FieldKind) -> Option<Value> {
    let given = options.value("default")?;
    if !kind.is_scalar() || matches!(kind, FieldKind::Password(_)) {
        options.problem("default", format!("a {} has no default", kind.name()));
        return None;
    }
    match crate::schema::scalar::canonical(kind, given) {
        Ok(value) => {
            let empty = value.as_str() == Some("");
            let mut broken = crate::schema::scalar::broken_always(kind, &value);
            if !empty {
                broken.extend(crate::schema::scalar::broken_on_publish(
                    kind, false, &value,
                ));
            }
            for message in broken {
                options.problem("default", message);
            }
            Some(value)
        }
        Err(refusal) => {
            options.problem("default", refusal.message.trim_end_matches(", "));
            None
        }
    }
}

/// Reads `{"visible": {"==": [{"var": "field"}, value]}}`, the only form Strapi's builder writes.
fn condition(options: &mut Options<'_>) -> Option<Condition> {
    let given = options.value("conditions")?;
    if given.as_object().is_some_and(Map::is_empty) {
        return None;
    }
    let parsed = read_condition(given);
    if parsed.is_none() {
        options.problem(
            "conditions",
            "must look like {\"visible\": {\"==\": [{\"var\": \"field\"}, true]}}, with `==` or `!=`",
        );
    }
    parsed
}

fn read_condition(given: &Value) -> Option<Condition> {
    let visible = given.get("visible")?.as_object()?;
    let (operator, operands) = visible.iter().next().filter(|_| visible.len() == 1)?;
    let negated = match operator.as_str() {
        "==" => false,
        "!=" => true,
        _ => return None,
    };
    let [field, equals] = operands.as_array()?.as_slice() else {
        return None;
    };
    let field = field.get("var")?.as_str()?.to_owned();
    (!equals.is_object() && !equals.is_array()).then(|| Condition {
        field,
        equals: equals.clone(),
        negated,
    })
}
