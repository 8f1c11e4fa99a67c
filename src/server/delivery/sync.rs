//! `GET /api/sync`: what changed since a token.

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};

use super::answer;
use crate::access::{Action, View};
use crate::app::App;
use crate::platform::database::DatabaseError;
use crate::query::text::{self, Param};
use crate::schema::ContentType;
use crate::server::error::ApiError;
use crate::server::headers;
use crate::sync::{self, Feed, Filter, Keys, Page, SyncConfig, SyncError, Token};

/// How often a page is tried again because the schema changed meanwhile.
const TRIES: u32 = 5;
/// The parameters the feed understands.
const KNOWN: [&str; 5] = ["token", "types", "locale", "limit", "status"];

/// What a request asks of the feed.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) token: Option<Token>,
    pub(super) filter: Filter,
    pub(super) keys: Keys,
    limit: u32,
}

/// Answers one page.
pub(super) async fn page(
    app: &App,
    view: &Arc<View>,
    request: &Request,
    config: &SyncConfig,
) -> Result<Response, ApiError> {
    let request_id = headers::request_id(request.headers());
    let asked = asked(app, view, request, config, None).await?;
    let mut view = Arc::clone(view);
    let mut tries = 0;
    loop {
        let meaning = asked.filter.meaning(&view);
        let feed = Feed {
            database: &app.database,
            view: &view,
            filter: &asked.filter,
            meaning: &meaning,
            live: &app.live,
            keys: &asked.keys,
            limits: &app.limits,
            config,
        };
        match sync::page(feed, asked.token.as_ref(), asked.limit).await {
            Ok(page) => return Ok(json(body(&page, &asked.keys))),
            Err(error) if tries < TRIES && schema_may_be_old(&error) => tries += 1,
            Err(error) => return Err(refused(error, request_id)),
        }
        app.refresh()
            .await
            .map_err(|error| ApiError::unavailable(error.to_string(), 1))?;
        view = Arc::new(view.on(app.schema()));
    }
}

/// Whether an error may come from a schema that is not the newest.
pub(super) fn schema_may_be_old(error: &SyncError) -> bool {
    use crate::delivery::ReadError;
    matches!(
        error,
        SyncError::SchemaChanged
            | SyncError::Database(DatabaseError::Missing(_))
            | SyncError::Read(ReadError::Database(DatabaseError::Missing(_)))
    )
}

fn body(page: &Page, keys: &Keys) -> Vec<u8> {
    let items: Vec<String> = page.items.iter().map(sync::Item::to_json).collect();
    format!(
        r#"{{"data":[{}],"meta":{{"nextToken":"{}","hasMore":{}}}}}"#,
        items.join(","),
        page.next.text(keys),
        page.has_more
    )
    .into_bytes()
}

/// A response that nobody keeps: what it says is true once.
pub(super) fn json(body: Vec<u8>) -> Response {
    let mut response = answer::json(StatusCode::OK, body, false);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    response
}

/// Reads the parameters; `resumed` is a token given beside them.
pub(super) async fn asked(
    app: &App,
    view: &View,
    request: &Request,
    config: &SyncConfig,
    resumed: Option<&str>,
) -> Result<Asked, ApiError> {
    let query = request.uri().query().unwrap_or_default();
    let params = text::parse(query, &app.limits).map_err(answer::bad_text)?;
    if let Param::Map(entries) = &params
        && let Some((key, _)) = entries
            .iter()
            .find(|(key, _)| !KNOWN.contains(&key.as_str()))
    {
        return Err(ApiError::invalid_key(key, key));
    }
    published_only(params.get("status"))?;
    let limit = limit(params.get("limit"), config)?;
    let types = words(params.get("types"), "types")?;
    let types = types.map(|names| types_of(view, &names)).transpose()?;
    let locales = words(params.get("locale"), "locale")?;
    let locales = locales.map(|codes| locales_of(view, codes)).transpose()?;
    let locales = locales.map(|locales| (locales != ["*"]).then_some(locales));
    let request_id = headers::request_id(request.headers());
    let keys = Keys::load(&app.database)
        .await
        .map_err(|error| answer::database(&error, request_id))?;
    let given = match params.get("token") {
        None | Some(Param::Null) => None,
        Some(Param::Text(text)) => Some(text.as_str()).filter(|text| !text.is_empty()),
        Some(_) => return Err(refused(SyncError::Token, request_id)),
    };
    let Some(text) = resumed.or(given) else {
        let locales = locales.flatten();
        return Ok(Asked {
            token: None,
            filter: Filter { types, locales },
            keys,
            limit,
        });
    };
    let token = Token::read(text, &keys).map_err(|error| refused(error, request_id))?;
    let filter = token.filter().clone();
    if types.is_some() && types != filter.types {
        return Err(refused(SyncError::Differs("types"), request_id));
    }
    if locales.is_some_and(|locales| locales != filter.locales) {
        return Err(refused(SyncError::Differs("locale"), request_id));
    }
    Ok(Asked {
        token: Some(token),
        filter,
        keys,
        limit,
    })
}

fn published_only(status: Option<&Param>) -> Result<(), ApiError> {
    match status {
        None | Some(Param::Null) => Ok(()),
        Some(Param::Text(text)) if text == "published" => Ok(()),
        _ => Err(ApiError::validation(
            "Invalid parameter at 'status'. Only published entries are part of the feed; read drafts with status=draft from their lists",
        )),
    }
}

fn limit(value: Option<&Param>, config: &SyncConfig) -> Result<u32, ApiError> {
    let most = config.max_page_size.max(1);
    match value {
        None | Some(Param::Null) => Ok(config.default_page_size.clamp(1, most)),
        Some(Param::Text(text)) if text.parse::<u64>().is_ok_and(|number| number > 0) => {
            Ok(text.parse().unwrap_or(u32::MAX).min(most))
        }
        Some(_) => Err(ApiError::validation(format!(
            "Invalid parameter at 'limit'. Expected a whole number from 1 to {most}"
        ))),
    }
}

/// The words of `a,b` or of a list, sorted, each once.
fn words(value: Option<&Param>, name: &'static str) -> Result<Option<Vec<String>>, ApiError> {
    let refused = || {
        ApiError::validation(format!(
            "Invalid parameter at '{name}'. Expected names between commas"
        ))
    };
    let mut words: Vec<String> = Vec::new();
    match value {
        None | Some(Param::Null) => return Ok(None),
        Some(Param::Text(text)) => words.extend(text.split(',').map(|word| word.trim().to_owned())),
        Some(Param::List(items)) => {
            for item in items {
                let Param::Text(text) = item else {
                    return Err(refused());
                };
                words.push(text.trim().to_owned());
            }
        }
        Some(Param::Map(_)) => return Err(refused()),
    }
    words.sort();
    words.dedup();
    match words.iter().any(String::is_empty) || words.len() > 200 {
        true => Err(refused()),
        false => Ok(Some(words)),
    }
}

/// Ids of named types; one that is unknown and one that is hidden are the same.
fn types_of(view: &View, names: &[String]) -> Result<Vec<i64>, ApiError> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let named = |one: &&Arc<ContentType>| {
            !one.is_built_in() && [&one.singular, &one.plural].contains(&name)
        };
        let found = view.schema().types().iter().find(named);
        match found.filter(|one| view.may(one, Action::Find)) {
            Some(found) => ids.push(found.id.0),
            None => return Err(ApiError::invalid_key(name, "types")),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn locales_of(view: &View, codes: Vec<String>) -> Result<Vec<String>, ApiError> {
    if codes.iter().any(|code| code == "*") {
        return Ok(vec!["*".to_owned()]);
    }
    match codes
        .iter()
        .find(|code| view.schema().locale(code).is_none())
    {
        None => Ok(codes),
        Some(_) => Err(ApiError::validation(
            "Invalid parameter at 'locale'. Expected codes of existing locales, or *",
        )),
    }
}

/// What becomes of the feed's errors.
pub(super) fn refused(error: SyncError, request_id: &str) -> ApiError {
    match error {
        SyncError::Token => ApiError::new(
            StatusCode::BAD_REQUEST,
            "SyncTokenInvalid",
            error.to_string(),
        ),
        SyncError::Differs(_) => ApiError::validation(error.to_string()),
        SyncError::OtherHistory | SyncError::Expired => {
            let details = serde_json::json!({ "startOver": "/api/sync" });
            ApiError::new(StatusCode::GONE, "SyncTokenExpired", error.to_string())
                .with_details(details)
        }
        SyncError::SchemaChanged => {
            ApiError::unavailable("the schema is being changed; try again", 1)
        }
        SyncError::Database(error) => answer::database(&error, request_id),
        SyncError::Read(crate::delivery::ReadError::Database(error)) => {
            answer::database(&error, request_id)
        }
        SyncError::Read(_) | SyncError::Schema(_) => ApiError::internal(&error, request_id),
    }
}
