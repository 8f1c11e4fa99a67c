//! The numbers people see before they agree to a plan, counted in what editors work on.

use serde_json::Value as Json;

use super::drafts::differing;
use super::items::{self, Known};
use super::kinds::{canonical, holding};
use super::pages::{Held, Pages, Place, place_in_use};
use super::{StoreError, create::table_of};
use crate::base::Stage;
use crate::platform::database::{Database, DatabaseError, Statement};
use crate::schema::convert::convert;
use crate::schema::plan::{Count, OwnerId, Trash};
use crate::schema::{ComponentId, ContentType, Field, FieldId, FieldKind, Schema, Storage, TypeId};

/// Fetches a number of [`crate::schema::plan::Step::count`]; `schema` is the one the plan starts from.
///
/// # Errors
/// When the database fails.
pub async fn measure(
    database: &Database,
    schema: &Schema,
    count: &Count,
) -> Result<i64, StoreError> {
    let gauge = Gauge {
        database,
        schema,
        known: Known::of(schema, &Trash::default()),
    };
    Ok(gauge.count(count).await?)
}

struct Gauge<'a> {
    database: &'a Database,
    schema: &'a Schema,
    known: Known,
}

impl Gauge<'_> {
    async fn count(&self, count: &Count) -> Result<i64, DatabaseError> {
        match count {
            Count::Documents(id) => self.documents(*id).await,
            Count::DocumentsBeyondOne(id) => Ok((self.documents(*id).await? - 1).max(0)),
            Count::Drafts(id) => self.drafts(*id).await,
            Count::Values(owner, id) => self.values(*owner, *id).await,
            Count::NotConverting(owner, id, to) => {
                let refused = |field: &Field, value: &Json| {
                    i64::from(convert(value, &field.kind, to).is_err())
                };
                self.through(*owner, *id, &refused).await
            }
            Count::BeyondOne(owner, id, to) => self.beyond_one(*owner, *id, to).await,
            Count::ItemsNotOf(owner, id, uids) => {
                let kind = FieldKind::DynamicZone {
                    components: uids.clone(),
                    min: None,
                    max: None,
                };
                self.cut(*owner, *id, &kind).await
            }
            Count::Duplicates(owner, id) => self.duplicates(*owner, *id).await,
            Count::ValuesInOtherLocales(of, id) => self.in_other_locales(*of, *id).await,
            Count::LocaleRows(id) => self.locale_rows(*id).await,
        }
    }

    async fn number(&self, statement: Statement) -> Result<i64, DatabaseError> {
        let row = self.database.fetch_optional(statement).await?;
        row.map_or(Ok(0), |row| row.integer(0))
    }

    async fn documents(&self, id: TypeId) -> Result<i64, DatabaseError> {
        let sql = "select count(*) from documents where type_id = $1 and trashed_at is null";
        self.number(Statement::new(sql).bind(id.0)).await
    }

    async fn drafts(&self, id: TypeId) -> Result<i64, DatabaseError> {
        match self.schema.content_type_by_id(id) {
            Some(one) if one.draft_and_publish => self.number(differing(one)).await,
            _ => Ok(0),
        }
    }

    async fn values(&self, owner: OwnerId, id: FieldId) -> Result<i64, DatabaseError> {
        match self.field(owner, id) {
            Some(field) if field.storage().is_column() => {
                self.through(owner, id, &|field, value| match value {
                    Json::Array(items) if field.storage() == Storage::Items => {
                        i64::try_from(items.len()).unwrap_or(i64::MAX)
                    }
                    _ => 1,
                })
                .await
            }
            Some(_) => self.links(id).await,
            None => self.trashed_values(owner, id).await,
        }
    }

    async fn links(&self, id: FieldId) -> Result<i64, DatabaseError> {
        let sql = "select count(*) from (select distinct owner, locale, item, position, target from links \
                   where field = $1) l";
        self.number(Statement::new(sql).bind(id.0)).await
    }

    /// Values of a field in the trash, whose kind is not known here.
    async fn trashed_values(&self, owner: OwnerId, id: FieldId) -> Result<i64, DatabaseError> {
        let mut count = self.links(id).await?;
        let OwnerId::Type(of) = owner else {
            return Ok(count);
        };
        let stages = self.schema.content_type_by_id(of).map(|one| one.stages());
        let stage = stages
            .and_then(|stages| stages.first())
            .copied()
            .unwrap_or(Stage::Published);
        for localized in [false, true] {
            let (table, column) = (table_of(of, stage, localized), format!("f{id}"));
            if self.has(&table, &column).await? {
                let sql = format!("select count({column}) from {table}");
                count += self.number(Statement::new(sql)).await?;
            }
        }
        Ok(count)
    }

    async fn has(&self, table: &str, column: &str) -> Result<bool, DatabaseError> {
        let statement = super::columns::existence(self.database.dialect(), table, column);
        Ok(self.database.fetch_optional(statement).await?.is_some())
    }

    fn field(&self, owner: OwnerId, id: FieldId) -> Option<&Field> {
        match owner {
            OwnerId::Type(of) => self.schema.content_type_by_id(of)?.field_by_id(id),
            OwnerId::Component(of) => self.schema.component_by_id(of)?.field_by_id(id),
        }
    }

    /// Adds up what each value counts for, wherever the field is stored.
    async fn through(
        &self,
        owner: OwnerId,
        id: FieldId,
        each: &(dyn Fn(&Field, &Json) -> i64 + Sync),
    ) -> Result<i64, DatabaseError> {
        let Some(field) = self.field(owner, id) else {
            return Ok(0);
        };
        let mut total = 0;
        match owner {
            OwnerId::Type(of) => {
                let Some(one) = self.schema.content_type_by_id(of) else {
                    return Ok(0);
                };
                let mut pages = self.pages(one, field);
                while let Some(page) = self.next(&mut pages).await? {
                    let counts = page
                        .iter()
                        .map(|held| each(field, &canonical(&held.value, field)));
                    total += counts.sum::<i64>();
                }
            }
            OwnerId::Component(of) => {
                for (one, holder) in self.holders(of) {
                    let mut pages = self.pages(one, &holder);
                    while let Some(page) = self.next(&mut pages).await? {
                        total += self.in_items(&page, &holder, (of, field), each);
                    }
                }
            }
        }
        Ok(total)
    }

    fn in_items(
        &self,
        page: &[Held],
        holder: &Field,
        (component, field): (ComponentId, &Field),
        each: &(dyn Fn(&Field, &Json) -> i64 + Sync),
    ) -> i64 {
        let (mut total, key) = (0, field.column());
        for held in page {
            let mut items = items::stored(&held.value);
            self.known.each(&holder.kind, &mut items, &mut |one, item| {
                if one.id == component {
                    total += item.get(&key).map_or(0, |value| each(field, value));
                }
            });
        }
        total
    }

    fn holders(&self, component: ComponentId) -> Vec<(&ContentType, Field)> {
        let types = self.schema.types().iter();
        types
            .flat_map(|one| {
                let fields = holding(one, &self.known, component).into_iter();
                fields.map(move |(_, field)| (&**one, field))
            })
            .collect()
    }

    fn pages(&self, one: &ContentType, field: &Field) -> Pages {
        let place: Place = place_in_use(one, field.localized);
        Pages::new(&place, &field.column(), self.schema.generation)
    }

    async fn next(&self, pages: &mut Pages) -> Result<Option<Vec<Held>>, DatabaseError> {
        let rows = self.database.fetch_all(pages.statement()).await?;
        let page = pages.take(&rows)?;
        Ok((!page.is_empty()).then_some(page))
    }

    async fn beyond_one(
        &self,
        owner: OwnerId,
        id: FieldId,
        to: &FieldKind,
    ) -> Result<i64, DatabaseError> {
        if to.is_nested() {
            return self.cut(owner, id, to).await;
        }
        let many = match to {
            FieldKind::Relation(relation) => relation.is_many(),
            FieldKind::Media { multiple, .. } => *multiple,
            _ => true,
        };
        let exclusive = matches!(to, FieldKind::Relation(relation) if relation.is_exclusive());
        let mut count = 0;
        for (counts, list) in [(!many, "owner, item"), (exclusive, "target")] {
            if counts {
                let sql = format!(
                    "select cast(coalesce(sum(n - 1), 0) as bigint) from (select count(*) as n from links \
                     where field = $1 group by stage, locale, {list}) l"
                );
                count = count.max(self.number(Statement::new(sql).bind(id.0)).await?);
            }
        }
        Ok(count)
    }

    /// Items that a field of another kind has no room for.
    async fn cut(&self, owner: OwnerId, id: FieldId, to: &FieldKind) -> Result<i64, DatabaseError> {
        let dropped = |field: &Field, value: &Json| {
            let items = value.as_array().cloned().unwrap_or_default();
            let (_, dropped) = self.known.cut(&field.kind, to, items);
            i64::try_from(dropped.len()).unwrap_or(i64::MAX)
        };
        self.through(owner, id, &dropped).await
    }

    async fn duplicates(&self, owner: OwnerId, id: FieldId) -> Result<i64, DatabaseError> {
        let (OwnerId::Type(of), Some(field)) = (owner, self.field(owner, id)) else {
            return Ok(0);
        };
        let Some(one) = self.schema.content_type_by_id(of) else {
            return Ok(0);
        };
        let (mut most, column) = (0, field.column());
        let by = if field.localized { "locale, " } else { "" };
        for stage in one.stages() {
            let table = table_of(of, *stage, field.localized);
            let sql = format!(
                "select count(*) from (select {column} from {table} where {column} is not null \
                 group by {by}{column} having count(*) > 1) d"
            );
            most = most.max(self.number(Statement::new(sql)).await?);
        }
        Ok(most)
    }

    async fn in_other_locales(&self, of: TypeId, id: FieldId) -> Result<i64, DatabaseError> {
        let Some(one) = self.schema.content_type_by_id(of) else {
            return Ok(0);
        };
        let Some(field) = one.field_by_id(id).filter(|field| field.localized) else {
            return Ok(0);
        };
        let default = self.schema.default_locale();
        if !field.storage().is_column() {
            let sql = "select count(*) from (select distinct owner, locale, item, position, target from links \
                       where field = $1 and locale <> '' and locale <> $2) l";
            return self
                .number(Statement::new(sql).bind(id.0).bind(default))
                .await;
        }
        let place = place_in_use(one, true);
        let sql = format!(
            "select count({}) from {} where locale <> $1",
            field.column(),
            place.table
        );
        self.number(Statement::new(sql).bind(default)).await
    }

    async fn locale_rows(&self, id: i64) -> Result<i64, DatabaseError> {
        let locales = self.schema.locales();
        let Some(locale) = locales.iter().find(|locale| locale.id == id) else {
            return Ok(0);
        };
        let mut count = 0;
        for one in self.schema.types().iter().filter(|one| one.localized) {
            let table = place_in_use(one, true).table;
            let sql = format!("select count(*) from {table} where locale = $1");
            count += self
                .number(Statement::new(sql).bind(locale.code.as_str()))
                .await?;
        }
        Ok(count)
    }
}
