//! Two-way relations in which a target has one owner: one that the import linked leaves its owner here.

use std::collections::HashSet;

use super::report::ImportReport;
use crate::platform::database::{DatabaseError, Statement, Transaction};
use crate::schema::{ContentType, Field, FieldKind, Schema};

/// Takes targets that now have two owners away from the owner that was not imported.
pub(super) async fn settle(
    tx: &mut Transaction,
    schema: &Schema,
    imported: &HashSet<i64>,
    report: &mut ImportReport,
) -> Result<(), DatabaseError> {
    for content_type in schema.types() {
        for field in content_type
            .fields
            .iter()
            .filter(|field| is_exclusive(field))
        {
            settle_field(tx, content_type, field, imported, report).await?;
        }
    }
    Ok(())
}

fn is_exclusive(field: &Field) -> bool {
    match &field.kind {
        FieldKind::Relation(relation) => relation.is_exclusive() && relation.inversed_by.is_some(),
        _ => false,
    }
}

async fn settle_field(
    tx: &mut Transaction,
    content_type: &ContentType,
    field: &Field,
    imported: &HashSet<i64>,
    report: &mut ImportReport,
) -> Result<(), DatabaseError> {
    for stage in content_type.stages() {
        let statement = Statement::new(
            "select l.owner, l.target, l.locale from links l where l.field = $1 and l.stage = $2 \
             and l.item = 0 and exists (select 1 from links o where o.target = l.target \
             and o.field = l.field and o.stage = l.stage and o.locale = l.locale and o.item = 0 \
             and o.owner <> l.owner)",
        );
        let statement = statement.bind(field.id.0).bind(stage.number());
        for row in tx.fetch_all(statement).await? {
            let (owner, target) = (row.integer(0)?, row.integer(1)?);
            if imported.contains(&owner) {
                continue;
            }
            let unlink = Statement::new(
                "delete from links where owner = $1 and field = $2 and stage = $3 and locale = $4 \
                 and item = 0 and target = $5",
            );
            let unlink = unlink.bind(owner).bind(field.id.0).bind(stage.number());
            tx.execute(unlink.bind(row.text(2)?).bind(target)).await?;
            let what =
                "links of documents here whose target belongs to an imported document now, removed";
            report.add(what, || format!("{} `{}`", content_type.uid, field.name));
        }
    }
    Ok(())
}
