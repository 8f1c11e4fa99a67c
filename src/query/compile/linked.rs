//! What component items link to: one statement for all items of one populated level.

use crate::base::Stage;
use crate::platform::database::{Dialect, Statement, Value};
use crate::query::{Hop, LocaleChoice, Populated, Shape};
use crate::schema::ContentType;

use super::CompileOptions;
use super::builder::Builder;
use super::scope::{Item, LocaleOf, Scope};

/// Items that were read before.
#[derive(Debug, Clone, Copy)]
pub struct Holders<'a> {
    /// A JSON array of `[document, item, locale, content]` per item; the locale is null if it is the query's, the
    /// content may be missing unless [`reads_content`].
    pub items: &'a str,
    /// The stage of the rows that hold them.
    pub stage: Stage,
    /// Whether the attribute that holds them has its own value per locale.
    pub localized: bool,
    /// Whether the items name their locales.
    pub by_locale: bool,
}

/// Whether a populated attribute of an item is read by [`linked`]; others lie inside the item.
pub fn is_linked(shape: &Shape<'_>) -> bool {
    match shape {
        Shape::Entries { .. } | Shape::Count { .. } | Shape::Morph { .. } => true,
        Shape::Component { .. } | Shape::Zone { .. } | Shape::Localizations { .. } => false,
    }
}

/// Whether [`linked`] looks into the item itself: components in it are counted.
pub fn reads_content(shape: &Shape<'_>) -> bool {
    matches!(
        shape,
        Shape::Count {
            hop: Hop::Component { .. },
            ..
        }
    )
}

/// The statement that reads what items link to, in a query about `content_type`.
///
/// It gives one row: a JSON array with an element per item, in their order; each is an array with the JSON of
/// every populated attribute for which [`is_linked`] holds, in their order.
pub fn linked<'s>(
    options: CompileOptions<'s>,
    content_type: &ContentType,
    locale: &'s LocaleChoice,
    holders: Holders<'_>,
    populated: &'s [Populated<'s>],
) -> Statement {
    let mut builder = Builder::new(options, content_type, locale);
    let items = builder.bind(Value::Text(holders.items.to_owned()));
    let part = |index: u8, kind: &str| match options.dialect {
        Dialect::Sqlite => format!("json_extract(o.value,'$[{index}]')"),
        Dialect::Postgres => format!("(o.value->>{index})::{kind}"),
    };
    let row_locale = if holders.by_locale {
        LocaleOf::Row(part(2, "text collate \"C\""))
    } else {
        LocaleOf::Query
    };
    let scope = Scope::Item(Item {
        owner: part(0, "bigint"),
        stage: holders.stage,
        link_locale: holders.localized.then(|| row_locale.clone()),
        locale: row_locale,
        number: part(1, "bigint"),
        value: options
            .dialect
            .pick("json_extract(o.value,'$[3]')", "(o.value->3)")
            .to_owned(),
    });
    let values: Vec<String> = populated
        .iter()
        .filter(|populated| is_linked(&populated.shape))
        .map(|populated| builder.populated(&scope, populated))
        .collect();
    let rows = builder.array_of_rows(&builder.array(&values), "o.key");
    let source = match options.dialect {
        Dialect::Sqlite => format!("json_each({items}) o"),
        Dialect::Postgres => {
            format!("json_array_elements({items}::json) with ordinality o(value,key)")
        }
    };
    Statement::with(
        format!("select {rows} from {source}"),
        builder.into_values(),
    )
}
