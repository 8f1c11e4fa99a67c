//! `GET /api/events`: the feed as server-sent events.
//!
//! A stream holds its place and nothing else: it waits for the end of the log to move, takes a small page and sends it
//! when its reader has room. Streams that ask for the same share the page.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Body, Request, Response};
use quick_cache::sync::Cache;
use tokio::sync::watch;
use tokio::time::Instant;

use super::streams::{Place, Streams};
use super::sync::{asked, refused, schema_may_be_old};
use crate::access::View;
use crate::app::App;
use crate::base::clock;
use crate::changes::Cursor;
use crate::server::error::ApiError;
use crate::server::headers;
use crate::sync::{self, Feed, Filter, Keys, Moment, SyncConfig, SyncError, Token};

/// Documents sent at once.
const MOST: u32 = 25;
/// Bytes of entries sent at once, one document at least.
const BYTES: u64 = 256 * 1024;
/// Pages kept for streams that ask for the same.
const SHARED: usize = 32;
/// A pause before a page is tried again because the schema is being changed.
const SCHEMA_PAUSE: Duration = Duration::from_millis(100);
/// Milliseconds after which a client should connect again.
const RETRY: &str = "retry: 2000\n";

/// What all streams share.
#[derive(Debug)]
pub(super) struct Events {
    streams: Streams,
    shared: Arc<Cache<Key, Arc<Batch>>>,
    config: Arc<SyncConfig>,
    heartbeat: Duration,
}

/// Whose page it is: the place with the filter, the view, and the end of the log when it was made.
type Key = (Token, String, Cursor);

/// A page as events.
#[derive(Debug)]
struct Batch {
    text: Bytes,
    next: Token,
    has_more: bool,
}

/// Who opens a stream.
#[derive(Debug)]
pub(super) struct Opener {
    pub(super) view: Arc<View>,
    pub(super) secret: Option<String>,
    /// Whom it is counted for.
    pub(super) name: Option<String>,
}

impl Events {
    pub(super) fn new(config: &SyncConfig) -> Self {
        Self {
            streams: Streams::new(config.max_streams, config.streams_per_caller),
            shared: Arc::new(Cache::new(SHARED)),
            heartbeat: Duration::from_millis(config.heartbeat_ms.max(1)),
            config: Arc::new(SyncConfig {
                page_bytes: BYTES,
                ..config.clone()
            }),
        }
    }

    /// Opens a stream behind the token of the request, or at the end of the log.
    pub(super) async fn open(
        &self,
        app: &Arc<App>,
        opener: Opener,
        request: &Request,
    ) -> Result<Response, ApiError> {
        let request_id = headers::request_id(request.headers()).to_owned();
        let last = request.headers().get("last-event-id");
        let last = last.and_then(|value| value.to_str().ok());
        let last = last.filter(|text| !text.is_empty());
        let asked = asked(app, &opener.view, request, &self.config, last).await?;
        let place = self.streams.enter(opener.name)?;
        let mut stream = Stream {
            app: Arc::clone(app),
            meaning: asked.filter.meaning(&opener.view),
            view: opener.view,
            expiry: opener.secret.as_deref().and_then(|it| app.expiry(it)),
            secret: opener.secret,
            filter: asked.filter,
            keys: asked.keys,
            token: None,
            told: None,
            moment: app.live.subscribe(),
            rights: app.live.subscribe().borrow().rights,
            beat: Instant::now() + self.heartbeat,
            heartbeat: self.heartbeat,
            shared: Arc::clone(&self.shared),
            config: Arc::clone(&self.config),
            _place: place,
        };
        let begun = match asked.token {
            Some(token) => stream.feed().checked(token).await,
            None => stream.feed().now().await,
        };
        stream.token = Some(begun.map_err(|error| refused(error, &request_id))?);
        let body = match request.method() {
            &Method::HEAD => Body::empty(),
            _ => Body::from_bytes_stream(stream::unfold(stream, next)),
        };
        Ok(response(body))
    }
}

fn response(body: Body) -> Response {
    let mut response = Response::builder().status(StatusCode::OK).body(body);
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-store, no-transform"),
        (header::VARY, "authorization"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Proxies that collect answers before they pass them on know this one.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

async fn next(mut stream: Stream) -> Option<(Result<Bytes, std::io::Error>, Stream)> {
    let text = stream.next().await?;
    Some((Ok(text), stream))
}

/// One open stream.
struct Stream {
    app: Arc<App>,
    view: Arc<View>,
    secret: Option<String>,
    /// When the caller's token ends, in milliseconds since 1970.
    expiry: Option<i64>,
    filter: Filter,
    meaning: String,
    keys: Keys,
    token: Option<Token>,
    /// The token the client knows.
    told: Option<Token>,
    moment: watch::Receiver<Moment>,
    rights: u64,
    beat: Instant,
    heartbeat: Duration,
    shared: Arc<Cache<Key, Arc<Batch>>>,
    config: Arc<SyncConfig>,
    _place: Place,
}

impl Stream {
    fn feed(&self) -> Feed<'_> {
        Feed {
            database: &self.app.database,
            view: &self.view,
            filter: &self.filter,
            meaning: &self.meaning,
            live: &self.app.live,
            keys: &self.keys,
            limits: &self.app.limits,
            config: &self.config,
        }
    }

    /// The next bytes to send; none ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        let token = self.token.clone()?;
        if self.told.is_none() {
            // From here on a client that was cut off can go on, even if nothing happened meanwhile.
            return Some(self.sign_of_life(RETRY, token));
        }
        let mut token = token;
        loop {
            let moment = *self.moment.borrow_and_update();
            // What is seldom needed is allocated then, so that a stream that waits is small.
            if moment.closing || !Box::pin(self.is_welcome(moment)).await {
                return None;
            }
            if !token.has_reached(moment.end) || self.meaning != token.meaning() {
                let batch = match Box::pin(self.batch(&token, moment.end)).await {
                    Ok(batch) => batch,
                    Err(error) if schema_may_be_old(&error) => {
                        tokio::time::sleep(SCHEMA_PAUSE).await;
                        self.app.refresh().await.ok()?;
                        continue;
                    }
                    Err(error) => {
                        tracing::debug!(%error, "a live stream ends");
                        return None;
                    }
                };
                let moved = batch.next != token;
                token = batch.next.clone();
                self.token = Some(token.clone());
                if !batch.text.is_empty() {
                    self.told = Some(token);
                    self.beat = Instant::now() + self.heartbeat;
                    return Some(batch.text.clone());
                }
                if batch.has_more || moved {
                    continue;
                }
            }
            tokio::select! {
                changed = self.moment.changed() => changed.ok()?,
                () = tokio::time::sleep_until(self.beat) => {
                    return Some(self.sign_of_life(":\n", token));
                }
                () = until(self.expiry) => return None,
            }
        }
    }

    /// Whether the caller may still listen; takes over what they may see now.
    async fn is_welcome(&mut self, moment: Moment) -> bool {
        if self.expiry.is_some_and(|expiry| expiry <= clock::now_ms()) {
            return false;
        }
        if moment.rights == self.rights {
            return true;
        }
        self.rights = moment.rights;
        let caller = match &self.secret {
            None => Some(self.app.public()),
            Some(secret) => self.app.token(secret).await.ok().flatten(),
        };
        let Some(caller) = caller else { return false };
        self.expiry = self.secret.as_deref().and_then(|it| self.app.expiry(it));
        self.view = caller.view;
        self.meaning = self.filter.meaning(&self.view);
        true
    }

    async fn batch(&self, token: &Token, end: Cursor) -> Result<Arc<Batch>, SyncError> {
        let key = (token.clone(), self.meaning.clone(), end);
        let made = self.shared.get_or_insert_async(&key, async {
            let page = sync::follow(self.feed(), token, MOST).await?;
            let mut text = String::new();
            let last = page.items.len().saturating_sub(1);
            for (index, item) in page.items.iter().enumerate() {
                if index == last {
                    text.push_str(&format!("id: {}\n", page.next.text(&self.keys)));
                }
                let (event, data) = (item.event.name(), item.to_json());
                text.push_str(&format!("event: {event}\ndata: {data}\n\n"));
            }
            Ok(Arc::new(Batch {
                text: text.into(),
                next: page.next,
                has_more: page.has_more,
            }))
        });
        made.await
    }

    /// A line that says nothing, with the place if the client does not know it yet.
    fn sign_of_life(&mut self, line: &str, token: Token) -> Bytes {
        self.beat = Instant::now() + self.heartbeat;
        let known = self.told.as_ref() == Some(&token);
        let text = match known {
            true => format!("{line}\n"),
            false => format!("{line}id: {}\n\n", token.text(&self.keys)),
        };
        self.told = Some(token);
        text.into()
    }
}

/// Waits for a point of time.
async fn until(ms: Option<i64>) {
    match ms.map(|ms| u64::try_from(ms - clock::now_ms()).unwrap_or(0)) {
        Some(left) => tokio::time::sleep(Duration::from_millis(left)).await,
        None => std::future::pending().await,
    }
}
