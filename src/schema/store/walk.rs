//! One step after another, in memory and in the database.

use std::collections::BTreeSet;
use std::ops::Range;

use super::items::Known;
use super::{StoreError, columns, create, drafts, kinds, locales, localize};
use crate::platform::database::{Statement, Transaction};
use crate::schema::definition::{FieldDefinition, TypeDefinition};
use crate::schema::plan::{OwnerId, Step, Trash, Working};
use crate::schema::{ComponentId, Field, FieldId, Schema, TypeId};

/// The schema between two steps, in memory as in the database.
pub(super) struct Walk {
    pub(super) working: Working,
    ids: Range<i64>,
    /// Fields whose indexes are made again when all values are where they belong.
    touched: BTreeSet<(TypeId, FieldId)>,
    /// The generation the plan leads to.
    pub(super) generation: i64,
    /// When it is carried out.
    pub(super) at: String,
}

impl Walk {
    /// Starts from a schema and its trash.
    pub(super) fn new(
        (schema, trash): (&Schema, &Trash),
        ids: Range<i64>,
        generation: i64,
        at: String,
    ) -> Self {
        Self {
            working: Working::new(schema, trash),
            ids,
            touched: BTreeSet::new(),
            generation,
            at,
        }
    }

    /// The schema with all steps, and its trash.
    pub(super) fn finish(self) -> (Schema, Trash) {
        self.working.finish(self.generation)
    }

    /// Notes that a field's indexes must be made again.
    pub(super) fn touch(&mut self, id: TypeId, field: FieldId) {
        self.touched.insert((id, field));
    }

    /// Every component there is now.
    pub(super) fn known(&self) -> Known {
        let (schema, trash) = self.working.snapshot(self.generation);
        Known::of(&schema, &trash)
    }

    /// Every column that can hold a component at any depth, the trash included.
    pub(super) fn holders(&self, component: ComponentId) -> Vec<(TypeId, Field)> {
        let (schema, trash) = self.working.snapshot(self.generation);
        let known = Known::of(&schema, &trash);
        let types = schema.types().iter().map(|one| &**one).chain(&trash.types);
        let mut holders: Vec<(TypeId, Field)> = types
            .flat_map(|one| kinds::holding(one, &known, component))
            .collect();
        let alone = trash
            .fields
            .iter()
            .filter_map(|(owner, field)| match owner {
                OwnerId::Type(id) => Some((*id, field.clone())),
                OwnerId::Component(_) => None,
            });
        holders.extend(alone.filter(|(_, field)| known.reaches(&field.kind, component)));
        holders
    }

    /// The fields of a type that lie in the trash while it is there.
    pub(super) fn trashed_fields(&self, id: TypeId) -> Vec<Field> {
        let (_, trash) = self.working.snapshot(self.generation);
        let fields = trash.fields.into_iter();
        let own = fields.filter(|(owner, _)| *owner == OwnerId::Type(id));
        own.map(|(_, field)| field).collect()
    }

    /// Carries out a step in memory and returns the ids it was given, in order.
    fn advance(&mut self, step: &Step) -> Vec<i64> {
        let (working, ids) = (&mut self.working, &mut self.ids);
        let mut given = Vec::new();
        working.apply(step, &mut |_| {
            let id = ids.next().unwrap_or_default();
            given.push(id);
            id
        });
        given
    }

    /// Carries out one step.
    pub(super) async fn step(
        &mut self,
        tx: &mut Transaction,
        step: &Step,
    ) -> Result<(), StoreError> {
        match step {
            Step::CreateType(definition) => {
                let given = self.advance(step);
                create_type(tx, definition, &given).await
            }
            Step::AddField { .. }
            | Step::TrashField { .. }
            | Step::RestoreField { .. }
            | Step::ChangeFieldKind { .. }
            | Step::ChangeFieldOptions { .. } => self.field_step(tx, step).await,
            Step::ChangeTypeOptions {
                of,
                becomes_single: true,
                ..
            } => {
                refuse_many(tx, of.id, &of.uid).await?;
                self.advance(step);
                Ok(())
            }
            Step::SetLocalized { .. } => self.set_localized(tx, step).await,
            Step::SetDraftAndPublish { of, on } => {
                self.advance(step);
                let one = self.working.content_type(of.id).cloned();
                match one.filter(|_| *on) {
                    Some(one) => drafts::begin(tx, self, &one).await,
                    None => Ok(()),
                }
            }
            Step::RemoveLocale(locale) => {
                self.advance(step);
                let (schema, trash) = self.working.snapshot(self.generation);
                let mut types = trash.types;
                types.extend(schema.types().iter().map(|one| (**one).clone()));
                locales::remove(tx, &types, &locale.code, &self.at).await
            }
            _ => {
                self.advance(step);
                Ok(())
            }
        }
    }

    async fn set_localized(&mut self, tx: &mut Transaction, step: &Step) -> Result<(), StoreError> {
        let Step::SetLocalized {
            of,
            changes_type,
            fields,
            ..
        } = step
        else {
            return Ok(());
        };
        let before = self.working.content_type(of.id).cloned();
        self.advance(step);
        match before {
            Some(one) => localize::set(tx, self, &one, *changes_type, fields).await,
            None => Ok(()),
        }
    }

    async fn field_step(&mut self, tx: &mut Transaction, step: &Step) -> Result<(), StoreError> {
        match step {
            Step::AddField { owner, field } => {
                let given = self.advance(step);
                self.add_field(tx, owner.id, field, &given).await
            }
            Step::TrashField { owner, field } => {
                self.advance(step);
                if let OwnerId::Type(id) = owner.id {
                    self.touched.remove(&(id, field.id));
                    columns::drop_index(tx, id, field).await?;
                }
                Ok(())
            }
            Step::RestoreField { owner, field } => {
                self.advance(step);
                self.restore_field(tx, owner.id, field).await
            }
            Step::ChangeFieldKind { owner, id, to, .. } => {
                let before = self.working.field(owner.id, *id).cloned();
                self.advance(step);
                match before {
                    Some(before) => kinds::change(tx, self, owner.id, &before, to).await,
                    None => Ok(()),
                }
            }
            Step::ChangeFieldOptions { owner, id, .. } => {
                let before = self.working.field(owner.id, *id).map(create::indexed);
                self.advance(step);
                let after = self.working.field(owner.id, *id).map(create::indexed);
                if let (OwnerId::Type(of), true) = (owner.id, before != after) {
                    self.touch(of, *id);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn add_field(
        &mut self,
        tx: &mut Transaction,
        owner: OwnerId,
        definition: &FieldDefinition,
        given: &[i64],
    ) -> Result<(), StoreError> {
        let (OwnerId::Type(id), Some(field)) = (owner, given.first()) else {
            return Ok(());
        };
        let field = definition.clone().into_field(FieldId(*field));
        self.touch(id, field.id);
        columns::add(tx, id, &field).await
    }

    async fn restore_field(
        &mut self,
        tx: &mut Transaction,
        owner: OwnerId,
        field: &Field,
    ) -> Result<(), StoreError> {
        let OwnerId::Type(id) = owner else {
            return Ok(());
        };
        self.touch(id, field.id);
        match self.working.content_type(id).cloned() {
            Some(one) => localize::restore(tx, self, &one, field).await,
            None => Ok(()),
        }
    }

    /// Makes the indexes of all fields that were touched, as they are at the end.
    pub(super) async fn index(&mut self, tx: &mut Transaction) -> Result<(), StoreError> {
        for (id, field) in std::mem::take(&mut self.touched) {
            let Some(one) = self.working.content_type(id) else {
                continue;
            };
            if let Some(field) = one.field_by_id(field) {
                columns::drop_index(tx, id, field).await?;
                columns::index(tx, one, field).await?;
            }
        }
        Ok(())
    }
}

/// A single type holds one document.
async fn refuse_many(tx: &mut Transaction, id: TypeId, uid: &str) -> Result<(), StoreError> {
    let sql = "select count(*) from documents where type_id = $1 and trashed_at is null";
    let row = tx.fetch_optional(Statement::new(sql).bind(id.0)).await?;
    let count = row.map_or(Ok(0), |row| row.integer(0))?;
    match count {
        0 | 1 => Ok(()),
        _ => Err(StoreError::Refused(format!(
            "{uid} cannot become a single type: it has {count} documents; delete all but one first"
        ))),
    }
}

async fn create_type(
    tx: &mut Transaction,
    definition: &TypeDefinition,
    given: &[i64],
) -> Result<(), StoreError> {
    let Some((id, ids)) = given.split_first() else {
        return Ok(());
    };
    let fields: Vec<Field> = definition
        .fields
        .iter()
        .zip(ids)
        .map(|(field, id)| field.clone().into_field(FieldId(*id)))
        .collect();
    for stage in create::stages(definition.draft_and_publish) {
        create::create_tables(tx, TypeId(*id), *stage, definition.localized, &fields).await?;
    }
    Ok(())
}
