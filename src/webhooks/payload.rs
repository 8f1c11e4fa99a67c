//! What is sent: Strapi's shape, or a template, around an entry as the endpoint may see it.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::event::Occurrence;
use super::{Endpoint, Spec, gone, template};
use crate::access::View;
use crate::base::limits::QueryLimits;
use crate::changes::Change;
use crate::delivery::{self, ReadError};
use crate::platform::database::{Database, DatabaseError};
use crate::query::text::Param;
use crate::query::{ListQuery, check, text};
use crate::schema::{ContentType, Schema};

/// The parameters an endpoint's query may have.
const PARAMETERS: [&str; 3] = ["filters", "fields", "populate"];

/// Makes payloads of one change; endpoints that may see the same share the reading of it.
pub(super) struct Writer<'a> {
    pub(super) database: &'a Database,
    pub(super) schema: &'a Arc<Schema>,
    pub(super) limits: &'a QueryLimits,
    pub(super) payload_bytes: usize,
    pub(super) change: &'a Change,
    pub(super) content_type: &'a ContentType,
    pub(super) read: HashMap<String, Option<Json>>,
}

/// Whether the query of an endpoint fits a type; if not, what is wrong.
pub(super) fn check(
    view: &View,
    content_type: &ContentType,
    spec: &Spec,
    limits: &QueryLimits,
) -> Result<(), String> {
    let params = params(spec, limits, None)?;
    let checked = check::one(
        view,
        content_type,
        Some(String::new()),
        &params,
        limits,
        true,
    );
    let named = |error: check::QueryError| {
        format!(
            "the query, for `{}`: {}",
            content_type.singular, error.message
        )
    };
    checked.map(|_| ()).map_err(named)
}

/// The endpoint's query with stage and locale of what happened.
fn params(spec: &Spec, limits: &QueryLimits, about: Option<&Occurrence>) -> Result<Param, String> {
    let parsed = text::parse(&spec.query, limits).map_err(|error| format!("the query: {error}"))?;
    let Param::Map(mut entries) = parsed else {
        return Err("the query: expected named parameters".to_owned());
    };
    if let Some((name, _)) = entries
        .iter()
        .find(|(name, _)| !PARAMETERS.contains(&name.as_str()))
    {
        let shown: String = name.escape_debug().take(60).collect();
        return Err(format!(
            "the query cannot hold `{shown}`; it may hold {}",
            PARAMETERS.join(", ")
        ));
    }
    let mut add =
        |name: &str, value: &str| entries.push((name.to_owned(), Param::Text(value.to_owned())));
    if let Some(about) = about {
        if about.draft {
            add("status", "draft");
        }
        if !about.locale.is_empty() {
            add("locale", &about.locale);
        }
    }
    if !entries.iter().any(|(name, _)| name == "populate") {
        entries.push(("populate".to_owned(), Param::Text("*".to_owned())));
    }
    Ok(Param::Map(entries))
}

impl Writer<'_> {
    /// The body for an endpoint; none if its filter keeps the entry out.
    pub(super) async fn body(
        &mut self,
        endpoint: &Endpoint,
        about: &Occurrence,
    ) -> Result<Option<String>, DatabaseError> {
        let Some(entry) = self.entry(endpoint, about).await? else {
            return Ok(None);
        };
        let whole = self.framed(&endpoint.spec, about, entry);
        if whole.len() <= self.payload_bytes {
            return Ok(Some(whole));
        }
        tracing::warn!(
            webhook = endpoint.name,
            bytes = whole.len(),
            "the payload is too large; it is sent with the entry's identity only"
        );
        let document_id = self.change.document_id.as_deref().unwrap_or_default();
        let view = endpoint.spec.view(self.schema);
        let least = gone::entry(&view, self.content_type, (document_id, &about.locale), None);
        Ok(Some(self.framed(&endpoint.spec, about, least)))
    }

    fn framed(&self, spec: &Spec, about: &Occurrence, entry: Json) -> String {
        let mut frame = Map::new();
        frame.insert("event".into(), about.event.name().into());
        frame.insert("createdAt".into(), self.change.at.as_str().into());
        if about.event.is_media() {
            frame.insert("media".into(), entry);
        } else {
            frame.insert("model".into(), self.content_type.singular.as_str().into());
            frame.insert("uid".into(), self.content_type.uid.as_str().into());
            frame.insert("entry".into(), entry);
        }
        let own = spec
            .template
            .as_deref()
            .and_then(|text| template::parse(text).ok());
        let Some(own) = own else {
            return Json::Object(frame).to_string();
        };
        frame.insert("id".into(), about.id(self.change).into());
        frame.insert("sequence".into(), self.change.cursor.seq.into());
        frame.insert(
            "locale".into(),
            json!((!about.locale.is_empty()).then_some(&about.locale)),
        );
        template::fill(&own, &Json::Object(frame)).to_string()
    }

    async fn entry(
        &mut self,
        endpoint: &Endpoint,
        about: &Occurrence,
    ) -> Result<Option<Json>, DatabaseError> {
        let spec = &endpoint.spec;
        let key = format!(
            "{}\n{:?}\n{:?}\n{}\n{}\n{}",
            about.event.name(),
            spec.types,
            spec.includes,
            spec.drafts,
            about.locale,
            spec.query
        );
        if let Some(known) = self.read.get(&key) {
            return Ok(known.clone());
        }
        let entry = self.read_entry(endpoint, about).await?;
        self.read.insert(key, entry.clone());
        Ok(entry)
    }

    async fn read_entry(
        &self,
        endpoint: &Endpoint,
        about: &Occurrence,
    ) -> Result<Option<Json>, DatabaseError> {
        let view = endpoint.spec.view(self.schema);
        let document_id = self.change.document_id.clone().unwrap_or_default();
        let identity = (document_id.as_str(), about.locale.as_str());
        let params = params(&endpoint.spec, self.limits, Some(about));
        let query = params.and_then(|params| {
            let id = Some(document_id.clone());
            check::one(&view, self.content_type, id, &params, self.limits, true)
                .map_err(|error| error.message)
        });
        let query = match query {
            Ok(query) => query,
            Err(why) => {
                tracing::warn!(
                    webhook = endpoint.name,
                    why,
                    "the query does not fit the schema any more; the event is sent with the entry's identity only"
                );
                return Ok(Some(gone::entry(&view, self.content_type, identity, None)));
            }
        };
        if about.event.is_removal() {
            let values = about.sides.before.as_ref();
            return Ok(self.of_change(&view, &query, identity, values));
        }
        if let Some(entry) = self.stored(&query).await? {
            return Ok(Some(entry));
        }
        if query.filter.is_some() {
            let whole = ListQuery {
                filter: None,
                ..query.clone()
            };
            if self.stored(&whole).await?.is_some() {
                return Ok(None);
            }
        }
        // It is gone again, or cannot be read as a whole.
        Ok(self.of_change(&view, &query, identity, about.sides.after.as_ref()))
    }

    fn of_change(
        &self,
        view: &View,
        query: &ListQuery<'_>,
        identity: (&str, &str),
        values: Option<&Map<String, Json>>,
    ) -> Option<Json> {
        let held = match (&query.filter, values) {
            (Some(filter), Some(values)) => gone::holds(filter, values),
            _ => None,
        };
        // Rather one event too many than one too few.
        held.unwrap_or(true)
            .then(|| gone::entry(view, self.content_type, identity, values))
    }

    async fn stored(&self, query: &ListQuery<'_>) -> Result<Option<Json>, DatabaseError> {
        match delivery::one(self.database, self.schema, query, self.limits).await {
            Ok(None) => Ok(None),
            Ok(Some(body)) => {
                let body: Json = serde_json::from_slice(&body).unwrap_or_default();
                Ok(body.get("data").filter(|data| data.is_object()).cloned())
            }
            Err(ReadError::Database(error)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "an entry cannot be read for its webhooks");
                Ok(None)
            }
        }
    }
}
