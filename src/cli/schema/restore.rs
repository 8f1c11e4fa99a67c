//! `tympan schema restore`: brings back what was dropped.

use super::apply::Consent;
use super::{apply, owner_uid, refused, stored};
use crate::app::App;
use crate::cli::failure::Failure;
use crate::schema::definition::{
    ComponentDefinition, Definitions, FieldDefinition, TypeDefinition,
};
use crate::schema::plan::{self as planning, OwnerId, Trash};
use crate::schema::{Schema, check};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Restore {
    /// What `tympan schema trash` lists: a uid, or OWNER:FIELD.
    name: String,
    #[command(flatten)]
    consent: Consent,
}

pub(super) async fn run(app: &App, restore: &Restore) -> anyhow::Result<()> {
    let (schema, trash) = stored(app).await?;
    let wanted = with(&schema, &trash, &restore.name)?;
    let wanted = check::check(wanted)
        .map_err(|problems| refused(&format!("cannot restore: {}", restore.name), &problems))?;
    let plan = planning::plan(&schema, &trash, &wanted);
    apply::confirm_and_carry_out(app, (&schema, &trash), &plan, restore.consent).await
}

/// The schema as it would be with the newest thing of that name in the trash.
fn with(schema: &Schema, trash: &Trash, name: &str) -> Result<Definitions, Failure> {
    let mut wanted = Definitions::of(schema);
    if let Some(found) = trash.types.iter().rev().find(|found| found.uid == name) {
        wanted.types.push(TypeDefinition::of(found));
        return Ok(wanted);
    }
    let component = trash.components.iter().rev();
    if let Some(found) = component.clone().find(|found| found.uid == name) {
        wanted.components.push(ComponentDefinition::of(found));
        return Ok(wanted);
    }
    for (owner, field) in trash.fields.iter().rev() {
        let Some(uid) = owner_uid(schema, *owner) else {
            continue;
        };
        if format!("{uid}:{}", field.name) == name {
            add_field(&mut wanted, *owner, uid, FieldDefinition::of(field));
            return Ok(wanted);
        }
    }
    let names = names(schema, trash);
    let known = names.iter().map(String::as_str);
    Err(Failure::unknown("name in the trash", name, known))
}

fn add_field(wanted: &mut Definitions, owner: OwnerId, uid: &str, field: FieldDefinition) {
    let fields = match owner {
        OwnerId::Type(_) => wanted
            .types
            .iter_mut()
            .find(|each| each.uid == uid)
            .map(|each| &mut each.fields),
        OwnerId::Component(_) => wanted
            .components
            .iter_mut()
            .find(|each| each.uid == uid)
            .map(|each| &mut each.fields),
    };
    if let Some(fields) = fields {
        fields.push(field);
    }
}

fn names(schema: &Schema, trash: &Trash) -> Vec<String> {
    let types = trash.types.iter().map(|found| found.uid.clone());
    let components = trash.components.iter().map(|found| found.uid.clone());
    let fields = trash.fields.iter().filter_map(|(owner, field)| {
        let uid = owner_uid(schema, *owner)?;
        Some(format!("{uid}:{}", field.name))
    });
    types.chain(components).chain(fields).collect()
}
