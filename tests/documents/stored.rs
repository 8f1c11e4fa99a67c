//! What the tables hold, read with plain SQL and put into the model's form; items carry their real ids.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tympan::base::Stage;
use tympan::platform::database::{Row, Statement, Value};
use tympan::schema::Field as Stored;

use crate::model::{Copy, Fields, Held, Item};
use crate::site::Site;
use crate::types::{self, Field, Holds, TYPES, Type};

type ListKey = (i64, i64, i64, String, i64);

/// The stored documents by number and stage.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) copies: BTreeMap<(i64, usize), Copy>,
    pub(crate) lists: BTreeMap<ListKey, Vec<i64>>,
    /// What is wrong in itself.
    pub(crate) wrong: Vec<String>,
}

/// Reads everything.
pub(crate) async fn read(site: &Site) -> Tables {
    let mut tables = Tables::default();
    let sql = "select owner, stage, field, locale, item, target from links order by owner, stage, field, locale, item, position";
    for row in rows(site, sql.to_owned()).await {
        let int = |n| row.integer(n).unwrap();
        let key = (
            int(0),
            int(1),
            int(2),
            row.text(3).unwrap().to_owned(),
            int(4),
        );
        tables.lists.entry(key).or_default().push(int(5));
    }
    for each in TYPES {
        let content_type = site.content_type(each);
        for stage in content_type.stages() {
            tables.stage(site, each, *stage).await;
        }
    }
    tables
}

async fn rows(site: &Site, sql: String) -> Vec<Row> {
    site.database.fetch_all(Statement::new(sql)).await.unwrap()
}

impl Tables {
    async fn stage(&mut self, site: &Site, each: &'static Type, stage: Stage) {
        let content_type = site.content_type(each);
        let mut ids: BTreeMap<i64, i64> = BTreeMap::new();
        for per_locale in [false, true] {
            if per_locale && !each.locales {
                continue;
            }
            let stored: Vec<(&Field, Stored)> = each
                .fields
                .iter()
                .filter(|field| (each.locales && field.localized) == per_locale)
                .map(|field| {
                    let name = site.names.now(&format!("{}.{}", each.key, field.key));
                    (field, content_type.field(&name).unwrap().clone())
                })
                .collect();
            let columns: String = stored
                .iter()
                .filter(|(_, stored)| stored.storage().is_column())
                .map(|(_, stored)| format!(", {}", stored.column()))
                .collect();
            let (table, key) = match per_locale {
                true => (content_type.locale_table(stage), "doc, locale"),
                false => (content_type.table(stage), "id, ''"),
            };
            let sql = format!(
                "select {key}, id, created_at, published_at{columns} from {table} order by 1, 2"
            );
            for row in rows(site, sql).await {
                let (doc, locale) = (row.integer(0).unwrap(), row.text(1).unwrap().to_owned());
                if per_locale || !each.locales {
                    self.stamps(each, stage, &row);
                    if let Some(other) = ids.insert(row.integer(2).unwrap(), doc) {
                        self.wrong
                            .push(format!("the row id of {doc} is that of {other} too"));
                    }
                }
                let fields = self.fields(site, &stored, &row, (doc, stage, &locale));
                let copy = self
                    .copies
                    .entry((doc, usize::try_from(stage.number()).unwrap()))
                    .or_default();
                if each.locales && !per_locale {
                    copy.shared = fields;
                } else {
                    copy.locales.insert(locale, fields);
                }
            }
        }
    }

    fn stamps(&mut self, each: &Type, stage: Stage, row: &Row) {
        let published = row.text_or_null(4).unwrap().is_some();
        if row.text_or_null(3).unwrap().is_none() || published != (stage == Stage::Published) {
            self.wrong.push(format!(
                "wrong stamps of a {} in {stage:?}: {row:?}",
                each.key
            ));
        }
    }

    fn fields(
        &mut self,
        site: &Site,
        stored: &[(&Field, Stored)],
        row: &Row,
        place: (i64, Stage, &str),
    ) -> Fields {
        let mut fields = Fields::new();
        let mut index = 5;
        for (field, stored) in stored {
            let held = match field.holds {
                Holds::Back { .. } => continue,
                Holds::Links { .. } => self.list(place, stored, 0),
                _ => {
                    index += 1;
                    self.value(site, field, row.value(index - 1).unwrap(), place)
                }
            };
            if let Some(held) = held {
                fields.insert(field.key, held);
            }
        }
        fields
    }

    fn value(
        &mut self,
        site: &Site,
        field: &Field,
        value: &Value,
        place: (i64, Stage, &str),
    ) -> Option<Held> {
        let json = match (field.holds, value) {
            (_, Value::Null) => return None,
            (Holds::Boolean, Value::Integer(value)) => Json::Bool(*value != 0),
            (Holds::Json, Value::Text(text)) => serde_json::from_str(text).unwrap(),
            (Holds::One(_) | Holds::Many(_) | Holds::Zone(_), Value::Text(text)) => {
                let json: Vec<Json> = serde_json::from_str(text).unwrap();
                return Some(Held::Items(self.items(site, field, &json, place)));
            }
            (_, Value::Bool(value)) => Json::Bool(*value),
            (_, Value::Integer(value)) => Json::from(*value),
            (_, Value::Real(value)) => Json::from(*value),
            (_, Value::Text(text)) => Json::from(text.as_str()),
            _ => panic!("{value:?}"),
        };
        Some(Held::Scalar(json))
    }

    fn items(
        &mut self,
        site: &Site,
        field: &Field,
        json: &[Json],
        place: (i64, Stage, &str),
    ) -> Vec<Item> {
        let item = |json: &Json| {
            let component = match field.holds {
                Holds::One(key) | Holds::Many(key) => key,
                Holds::Zone(keys) => *keys
                    .iter()
                    .find(|key| {
                        site.schema.component(&format!("parts.{key}")).unwrap().id.0
                            == json["c"].as_i64().unwrap()
                    })
                    .unwrap(),
                _ => unreachable!(),
            };
            let id = json["id"].as_i64().unwrap();
            let definition = site
                .schema
                .component(&format!("parts.{component}"))
                .unwrap();
            let mut fields = Fields::new();
            for field in types::component(component) {
                let stored = definition.field(field.key).unwrap();
                let held = match (field.holds, json.get(stored.column())) {
                    (Holds::Links { .. }, _) => self.list(place, stored, id),
                    (_, None) => None,
                    (Holds::Many(_), Some(Json::Array(list))) => {
                        Some(Held::Items(self.items(site, field, list, place)))
                    }
                    (_, Some(json)) => Some(Held::Scalar(json.clone())),
                };
                if let Some(held) = held {
                    fields.insert(field.key, held);
                }
            }
            Item {
                token: u64::try_from(id).unwrap(),
                component,
                fields,
            }
        };
        json.iter().map(item).collect()
    }

    /// Takes a list of links out, so that those nobody asks for are left; targets are real numbers.
    fn list(
        &mut self,
        (doc, stage, locale): (i64, Stage, &str),
        stored: &Stored,
        item: i64,
    ) -> Option<Held> {
        let key = (doc, stage.number(), stored.id.0, locale.to_owned(), item);
        let list = self.lists.remove(&key)?;
        Some(Held::Links(
            list.iter()
                .map(|doc| usize::try_from(*doc).unwrap())
                .collect(),
        ))
    }
}
