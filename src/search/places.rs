//! Names of fields in the index, and exact words about rows.

use std::collections::HashMap;

use tantivy::schema::{Field as Place, Schema as IndexSchema};

use crate::base::Stage;
use crate::schema::TypeId;

/// Field: the document's number.
pub(super) const DOC: &str = "doc";
/// Field: the number of the row.
pub(super) const ROW: &str = "row";
/// Field: a checksum of what was indexed.
pub(super) const SUM: &str = "sum";
/// Field: exact words about the row, see [`scope_mark`], [`number_mark`] and [`identity_mark`].
pub(super) const MARK: &str = "mark";

/// Where the fields of an index are.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) doc: Place,
    pub(super) row: Place,
    pub(super) sum: Place,
    pub(super) mark: Place,
    texts: HashMap<String, Place>,
}

impl Places {
    pub(super) fn of(schema: &IndexSchema) -> tantivy::Result<Self> {
        let texts = schema.fields();
        Ok(Self {
            doc: schema.get_field(DOC)?,
            row: schema.get_field(ROW)?,
            sum: schema.get_field(SUM)?,
            mark: schema.get_field(MARK)?,
            texts: texts
                .map(|(place, entry)| (entry.name().to_owned(), place))
                .collect(),
        })
    }

    /// Where an attribute's text is; none if the index is older than the attribute.
    pub(super) fn text(&self, stage: Stage, field: i64) -> Option<Place> {
        self.texts.get(&field_name(stage, field)).copied()
    }
}

pub(super) fn field_name(stage: Stage, field: i64) -> String {
    format!("{}{field}", stage.letter())
}

/// Marks rows of a type, stage and locale.
pub(super) fn scope_mark(stage: Stage, id: TypeId, locale: &str) -> String {
    format!("s{}{id}:{locale}", stage.letter())
}

/// Marks rows with this number in a field.
pub(super) fn number_mark(stage: Stage, field: i64, number: &str) -> String {
    format!("n{}{field}:{number}", stage.letter())
}

/// Marks the rows of a document.
pub(super) fn identity_mark(stage: Stage, id: TypeId, document_id: &str) -> String {
    format!("d{}{id}:{document_id}", stage.letter())
}

/// A number in the one form in which numbers are found.
pub(super) fn canonical_number(text: &str) -> Option<String> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.to_string());
    }
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())?;
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        .then(|| number.to_string())
}
