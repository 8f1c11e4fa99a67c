//! Writing: create, update, delete; the entry as it is afterwards is the answer.

use std::sync::Arc;

use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{Body, Request, Response};
use serde_json::{Map, Value as Json};

use super::{Call, answer};
use crate::access::{Action, View};
use crate::base::Stage;
use crate::base::ids::is_document_id;
use crate::delivery;
use crate::entries::edit::Edit;
use crate::entries::{EntryError, Saved, Target, Which, WriteRequest, resolve};
use crate::query::check::{self, WriteParams};
use crate::query::{ListQuery, LocaleChoice, Page, text};
use crate::schema::validate::{self, Mode};
use crate::schema::{ContentType, Field};
use crate::server::body;
use crate::server::error::ApiError;

/// How often a write is tried again because the schema changed under it.
const TRIES: usize = 3;
const EVERY_LOCALE: &str = "Invalid locale param * provided. Document locales must be strings.";

/// What a write does to a document.
enum Act<'a> {
    Create,
    Update(Which, &'a HeaderMap),
}

/// Why nothing was written.
enum Refused {
    /// By what is stored.
    Entry(EntryError),
    /// By what was sent.
    Request(ApiError),
}

impl From<EntryError> for Refused {
    fn from(error: EntryError) -> Self {
        Self::Entry(error)
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Request(error)
    }
}

impl Call<'_> {
    /// `POST /api/:plural`.
    pub(super) async fn create(&self, request: &Request, body: Body) -> Result<Response, ApiError> {
        self.needs(Action::Create)?;
        let data = self.data(request.headers(), body).await?;
        self.write(&data, &Act::Create).await
    }

    /// `PUT /api/:plural/:documentId` and `PUT /api/:singular`.
    pub(super) async fn update(
        &self,
        request: &Request,
        body: Body,
        id: Option<&str>,
    ) -> Result<Response, ApiError> {
        self.needs(Action::Update)?;
        let which = which(id)?;
        let data = self.data(request.headers(), body).await?;
        self.write(&data, &Act::Update(which, request.headers()))
            .await
    }

    /// `DELETE /api/:plural/:documentId` and `DELETE /api/:singular`.
    pub(super) async fn delete(
        &self,
        request: &Request,
        id: Option<&str>,
    ) -> Result<Response, ApiError> {
        self.needs(Action::Delete)?;
        let which = which(id)?;
        let app = &self.api.app;
        let params = text::parse(self.asked.query, &app.limits).map_err(answer::bad_text)?;
        let strict = self.api.config.strict_params;
        let view = &self.caller.view;
        let params = check::write_params(view, self.content_type, &params, &app.limits, strict)
            .map_err(answer::bad_query)?;
        let whole = !self.content_type.localized || params.locale == Some(LocaleChoice::All);
        let mut write = self.request(view, self.content_type, &params, Target::Published)?;
        write.expected = expected(request.headers())?;
        match app.entries.delete(write, which, whole).await {
            // What is not there is deleted already.
            Ok(_) | Err(EntryError::NotFound) => {
                Ok(Response::builder().status(StatusCode::NO_CONTENT).finish())
            }
            Err(error) => Err(answer::entry(error, self.request_id)),
        }
    }

    /// The `data` object of the body.
    async fn data(&self, headers: &HeaderMap, body: Body) -> Result<Map<String, Json>, ApiError> {
        let missing = || ApiError::validation("Missing \"data\" payload in the request body");
        match body::read_json(headers, body, &self.api.body).await? {
            Some(Json::Object(mut object)) => match object.remove("data") {
                Some(Json::Object(data)) => Ok(data),
                _ => Err(missing()),
            },
            _ => Err(missing()),
        }
    }

    /// Checks and writes by the schema of the moment, again if it changed meanwhile.
    async fn write(&self, data: &Map<String, Json>, act: &Act<'_>) -> Result<Response, ApiError> {
        let app = &self.api.app;
        let params = text::parse(self.asked.query, &app.limits).map_err(answer::bad_text)?;
        let mut view = Arc::clone(&self.caller.view);
        let mut content_type = Arc::clone(self.content_type);
        let mut tries = 0;
        loop {
            tries += 1;
            let strict = self.api.config.strict_params;
            let params = check::write_params(&view, &content_type, &params, &app.limits, strict)
                .map_err(answer::bad_query)?;
            if content_type.localized && params.locale == Some(LocaleChoice::All) {
                return Err(ApiError::validation(EVERY_LOCALE));
            }
            match self
                .write_once(&view, &content_type, &params, data, act)
                .await
            {
                Ok(saved) => {
                    return self
                        .written(&view, &content_type, params, act, &saved)
                        .await;
                }
                Err(Refused::Entry(EntryError::SchemaChanged)) if tries < TRIES => {}
                Err(Refused::Entry(error)) => return Err(answer::entry(error, self.request_id)),
                Err(Refused::Request(error)) => return Err(error),
            }
            drop(params);
            app.refresh()
                .await
                .map_err(|error| ApiError::unavailable(error.to_string(), 1))?;
            view = self.caller_again(&view).await?;
            let fresh = view.schema().content_type_by_id(content_type.id).cloned();
            content_type = fresh.ok_or_else(ApiError::not_found)?;
        }
    }

    /// The caller's view of the newest schema.
    async fn caller_again(&self, view: &View) -> Result<Arc<View>, ApiError> {
        let schema = self.api.app.schema();
        Ok(Arc::new(view.on(schema)))
    }

    async fn write_once(
        &self,
        view: &View,
        content_type: &Arc<ContentType>,
        params: &WriteParams<'_>,
        data: &Map<String, Json>,
        act: &Act<'_>,
    ) -> Result<Saved, Refused> {
        let app = &self.api.app;
        let draft = params.stage == Stage::Draft && content_type.draft_and_publish;
        let (target, mode) = match draft {
            true => (Target::Draft, Mode::Draft),
            false => (Target::Published, Mode::Publish),
        };
        let partial = matches!(act, Act::Update(..));
        let schema = view.schema();
        let shown = |field: &Field| view.writes(field);
        let checked =
            validate::validate_entry_shown(schema, content_type, data, mode, partial, &shown)
                .map_err(answer::values)?;
        let edit: Edit =
            resolve::resolve_seen(&app.database, schema, content_type, &checked, &|found| {
                view.may(found, Action::Find)
            })
            .await?;
        owners_may_change(view, &edit)?;
        let mut request = self.request(view, content_type, params, target)?;
        let saved = match act {
            Act::Create => app.entries.create(request, edit, None).await,
            Act::Update(which, headers) => {
                request.expected = expected(headers)?;
                app.entries.update(request, which.clone(), edit).await
            }
        };
        Ok(saved?)
    }

    fn request(
        &self,
        view: &View,
        content_type: &Arc<ContentType>,
        params: &WriteParams<'_>,
        target: Target,
    ) -> Result<WriteRequest, ApiError> {
        let locale = match (&params.locale, content_type.localized) {
            (_, false) => String::new(),
            (None, true) => view.schema().default_locale().to_owned(),
            (Some(LocaleChoice::One(code)), true) => code.clone(),
            (Some(LocaleChoice::All), true) => String::new(),
        };
        Ok(WriteRequest {
            schema: Arc::clone(view.schema()),
            content_type: Arc::clone(content_type),
            locale,
            target,
            author: self.caller.author.as_deref().map(str::to_owned),
            expected: None,
        })
    }

    /// Reads back what was written, as the write asked for it.
    async fn written(
        &self,
        view: &View,
        content_type: &ContentType,
        params: WriteParams<'_>,
        act: &Act<'_>,
        saved: &Saved,
    ) -> Result<Response, ApiError> {
        let app = &self.api.app;
        let default = view.schema().default_locale().to_owned();
        let query = ListQuery {
            content_type,
            stage: content_type.stage(params.stage),
            locale: params.locale.unwrap_or(LocaleChoice::One(default)),
            publication: None,
            filter: None,
            search: None,
            sort: Vec::new(),
            page: Page::One {
                document_id: Some(saved.document_id.clone()),
            },
            selection: params.selection,
        };
        let body = delivery::one(&app.database, view.schema(), &query, &app.limits)
            .await
            .map_err(|error| self.failed(error))?
            .ok_or_else(ApiError::not_found)?;
        let body = self
            .formed(body, &query)
            .map_err(|error| self.failed(error))?;
        let status = match act {
            Act::Create => StatusCode::CREATED,
            Act::Update(..) => StatusCode::OK,
        };
        let mut response = self.json(status, body);
        if let Ok(revision) = HeaderValue::from_str(&format!("\"{}\"", saved.revision)) {
            response.headers_mut().insert(header::ETAG, revision);
        }
        Ok(response)
    }
}

/// Links written from the inverse side belong to the documents on the other side: changing them needs the right to
/// update those.
fn owners_may_change(view: &View, edit: &Edit) -> Result<(), ApiError> {
    let owners = edit.inverse.iter();
    let mut types =
        owners.filter_map(|inverse| view.schema().content_type_by_id(inverse.owner_type));
    match types.all(|owner| view.may(owner, Action::Update)) {
        true => Ok(()),
        false => Err(ApiError::forbidden()),
    }
}

fn which(id: Option<&str>) -> Result<Which, ApiError> {
    match id {
        None => Ok(Which::Single),
        Some(id) if is_document_id(id) => Ok(Which::Id(id.to_owned())),
        Some(_) => Err(ApiError::not_found()),
    }
}

/// The revision of `If-Match: "7"`; `*` and no header mean any.
fn expected(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match number.and_then(|number| number.parse().ok()) {
        Some(revision) => Ok(Some(revision)),
        None => Err(ApiError::validation(
            "Invalid If-Match header. Expected the ETag of an earlier answer, such as \"3\"",
        )),
    }
}
