use serde_json::json;

use super::*;
use crate::schema::{Range, TextRules};

fn string(max: Option<u32>) -> FieldKind {
    FieldKind::String(TextRules {
        max_length: max,
        ..TextRules::default()
    })
}

fn words(values: &[&str]) -> FieldKind {
    FieldKind::Enumeration {
        values: values.iter().map(|word| (*word).to_owned()).collect(),
    }
}

fn all() -> Vec<FieldKind> {
    vec![
        string(None),
        FieldKind::Text(TextRules::default()),
        FieldKind::RichText(TextRules::default()),
        FieldKind::Email(TextRules::default()),
        words(&["a", "b"]),
        FieldKind::Integer(Range::default()),
        FieldKind::BigInteger(Range::default()),
        FieldKind::Float(Range::default()),
        FieldKind::Decimal(Range::default()),
        FieldKind::Boolean,
        FieldKind::Date,
        FieldKind::Time,
        FieldKind::DateTime,
        FieldKind::Timestamp,
        FieldKind::Json,
        FieldKind::Blocks,
    ]
}

fn sample(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Enumeration { .. } => json!("a"),
        FieldKind::Integer(_) => json!(7),
        FieldKind::BigInteger(_) => json!("9007199254740993"),
        FieldKind::Float(_) | FieldKind::Decimal(_) => json!(1.5),
        FieldKind::Boolean => json!(true),
        FieldKind::Date => json!("2024-03-06"),
        FieldKind::Time => json!("10:00:00.000"),
        FieldKind::DateTime | FieldKind::Timestamp => json!("2024-03-06T13:42:05.098Z"),
        FieldKind::Json => json!({ "a": [1, null] }),
        FieldKind::Blocks => {
            json!([{ "type": "paragraph", "children": [{ "type": "text", "text": "hi" }] }])
        }
        _ => json!("a@b.example"),
    }
}

#[test]
fn values_find_their_counterparts() {
    let integer = FieldKind::Integer(Range {
        min: Some(0),
        max: Some(100),
    });
    for (value, from, to, expected) in [
        (
            json!(" 42 "),
            string(None),
            integer.clone(),
            Some(json!(42)),
        ),
        (
            json!("42.0"),
            string(None),
            integer.clone(),
            Some(json!(42)),
        ),
        (json!("4.2"), string(None), integer.clone(), None),
        (json!("101"), string(None), integer.clone(), None),
        (json!("many"), string(None), integer, None),
        (
            json!("inf"),
            string(None),
            FieldKind::Float(Range::default()),
            None,
        ),
        (
            json!(42),
            FieldKind::Integer(Range::default()),
            string(None),
            Some(json!("42")),
        ),
        (
            json!("long text"),
            FieldKind::Text(TextRules::default()),
            string(Some(4)),
            None,
        ),
        (
            json!("x"),
            FieldKind::Text(TextRules::default()),
            FieldKind::RichText(TextRules::default()),
            Some(json!("x")),
        ),
        (
            json!("b"),
            words(&["a", "b"]),
            words(&["b"]),
            Some(json!("b")),
        ),
        (json!("a"), words(&["a", "b"]), words(&["b"]), None),
        (json!("a"), string(None), words(&["a"]), Some(json!("a"))),
        (
            json!("2024-03-06T13:42:05.098Z"),
            FieldKind::DateTime,
            FieldKind::Date,
            Some(json!("2024-03-06")),
        ),
        (
            json!("2024-03-06T13:42:05.098Z"),
            FieldKind::DateTime,
            FieldKind::Time,
            Some(json!("13:42:05.098")),
        ),
        (
            json!("2024-03-06"),
            FieldKind::Date,
            FieldKind::DateTime,
            Some(json!("2024-03-06T00:00:00.000Z")),
        ),
        (
            json!("Yes"),
            string(None),
            FieldKind::Boolean,
            Some(json!(true)),
        ),
        (
            json!(1),
            FieldKind::Integer(Range::default()),
            FieldKind::Boolean,
            Some(json!(true)),
        ),
        (
            json!(2),
            FieldKind::Integer(Range::default()),
            FieldKind::Boolean,
            None,
        ),
        (
            json!(7),
            FieldKind::Integer(Range::default()),
            FieldKind::BigInteger(Range::default()),
            Some(json!("7")),
        ),
        (
            json!("9007199254740993"),
            FieldKind::BigInteger(Range::default()),
            FieldKind::Integer(Range::default()),
            None,
        ),
        (
            json!(true),
            FieldKind::Boolean,
            FieldKind::Json,
            Some(json!(true)),
        ),
    ] {
        assert_eq!(
            convert(&value, &from, &to).ok(),
            expected,
            "{value} from {from:?} to {to:?}"
        );
    }
}

#[test]
fn text_and_blocks_keep_their_paragraphs() {
    let text = FieldKind::Text(TextRules::default());
    let blocks = convert(&json!("one\n\ntwo"), &text, &FieldKind::Blocks).unwrap();

    assert_eq!(
        convert(&blocks, &FieldKind::Blocks, &text),
        Ok(json!("one\n\ntwo"))
    );
}

#[test]
fn what_is_called_lossless_never_refuses() {
    for from in all() {
        for to in all() {
            if fit(&from, &to) == Fit::Converted && is_lossless(&from, &to) {
                assert!(
                    convert(&sample(&from), &from, &to).is_ok(),
                    "{from:?} to {to:?}"
                );
            }
        }
    }
}

#[test]
fn what_never_fits_is_never_converted() {
    let password = FieldKind::Password(TextRules::default());
    for kind in all() {
        assert_eq!(fit(&kind, &password), Fit::Never);
        assert_eq!(fit(&password, &kind), Fit::Never);
        assert_eq!(fit(&kind, &kind), Fit::AsIs, "{kind:?}");
    }
}
