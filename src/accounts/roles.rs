//! What a role may do; `public` is the role of requests without credentials.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccountError, check_name, touch};
use crate::access::Action;
use crate::platform::database::{Database, DatabaseError, Statement};

/// Allows a role some actions on a type.
///
/// # Errors
/// When the role's name is unusable.
pub async fn allow(
    database: &Database,
    role: &str,
    type_uid: &str,
    actions: &[Action],
) -> Result<(), AccountError> {
    change(
        database,
        role,
        type_uid,
        actions,
        "insert into grants (holder, type_uid, action) values ($1, $2, $3) on conflict do nothing",
    )
    .await
}

/// Takes actions on a type from a role.
///
/// # Errors
/// When the role's name is unusable.
pub async fn deny(
    database: &Database,
    role: &str,
    type_uid: &str,
    actions: &[Action],
) -> Result<(), AccountError> {
    change(
        database,
        role,
        type_uid,
        actions,
        "delete from grants where holder = $1 and type_uid = $2 and action = $3",
    )
    .await
}

async fn change(
    database: &Database,
    role: &str,
    type_uid: &str,
    actions: &[Action],
    sql: &'static str,
) -> Result<(), AccountError> {
    check_name("role", role)?;
    let (holder, uid) = (format!("role:{role}"), type_uid.to_owned());
    let actions = actions.to_vec();
    database
        .write(move |tx| {
            Box::pin(async move {
                for action in actions {
                    let statement = Statement::new(sql)
                        .bind(holder.as_str())
                        .bind(uid.as_str())
                        .bind(action.name());
                    tx.execute(statement).await?;
                }
                touch(tx).await
            })
        })
        .await
        .map_err(|error: DatabaseError| error.into())
}

/// What a role may do, by type uid.
///
/// # Errors
/// When the database fails.
pub async fn list(
    database: &Database,
    role: &str,
) -> Result<BTreeMap<String, BTreeSet<Action>>, AccountError> {
    Ok(holder(database, &format!("role:{role}")).await?)
}

pub(super) async fn holder(
    database: &Database,
    holder: &str,
) -> Result<BTreeMap<String, BTreeSet<Action>>, DatabaseError> {
    let statement =
        Statement::new("select type_uid, action from grants where holder = $1").bind(holder);
    let mut allowed: BTreeMap<String, BTreeSet<Action>> = BTreeMap::new();
    for row in database.fetch_all(statement).await? {
        if let Some(action) = Action::from_name(row.text(1)?) {
            allowed
                .entry(row.text(0)?.to_owned())
                .or_default()
                .insert(action);
        }
    }
    Ok(allowed)
}
