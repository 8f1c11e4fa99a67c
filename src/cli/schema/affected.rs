//! How much a step of a plan touches, in words.

use std::fmt;

use crate::platform::database::Database;
use crate::schema::Schema;
use crate::schema::plan::{Count, Step};
use crate::schema::store::{self, StoreError};

/// A number with what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Affected {
    /// How many.
    pub(super) count: i64,
    what: &'static str,
}

impl fmt::Display for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.what)
    }
}

/// What a step touches, if there is a number that tells.
pub(super) async fn of(
    database: &Database,
    schema: &Schema,
    step: &Step,
) -> Result<Option<Affected>, StoreError> {
    let Some(count) = step.count() else {
        return Ok(None);
    };
    Ok(Some(Affected {
        count: store::measure(database, schema, &count).await?,
        what: what(&count),
    }))
}

fn what(count: &Count) -> &'static str {
    match count {
        Count::Documents(_) => "documents",
        Count::DocumentsBeyondOne(_) => "documents beyond the first",
        Count::Drafts(_) => "drafts that are not what is published",
        Count::Values(..) => "values",
        Count::NotConverting(..) => "values do not convert",
        Count::BeyondOne(..) => "beyond the first of their list",
        Count::ItemsNotOf(..) => "items of other components",
        Count::Duplicates(..) => "values occur more than once",
        Count::ValuesInOtherLocales(..) => "values in other locales",
        Count::LocaleRows(_) => "translations",
    }
}
