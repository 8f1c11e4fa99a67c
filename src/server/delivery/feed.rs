//! Paths of the sync feed and of live streams.
//!
//! `/api/sync/events` and `/api/sync/node` are always ours. A type served as `events` or `sync` keeps its name: there
//! `/api/events` is the stream only for those who ask for `text/event-stream`, as browsers do, or who may not see the
//! type.

use std::net::IpAddr;
use std::sync::Arc;

use poem::http::{HeaderMap, Method, header};
use poem::{Request, Response};

use super::events::{Events, Opener};
use super::{node, sync};
use crate::app::{App, Caller};
use crate::server::ServerConfig;
use crate::server::authenticate;
use crate::server::error::ApiError;
use crate::sync::SyncConfig;

/// What answers the paths of the feed.
#[derive(Debug)]
pub(super) struct FeedRoutes {
    config: SyncConfig,
    events: Events,
    /// Addresses that many callers come from.
    uncapped: Vec<IpAddr>,
}

enum Path {
    Page,
    Events,
    Node,
}

impl FeedRoutes {
    pub(super) fn new(config: &ServerConfig) -> Self {
        Self {
            config: config.sync.clone(),
            events: Events::new(&config.sync),
            uncapped: config.listen.uncapped_peers.clone(),
        }
    }

    /// Answers a path of the feed; `None` if it is none.
    pub(super) async fn answer(
        &self,
        app: &Arc<App>,
        caller: &Caller,
        request: &Request,
        steps: &[&str],
    ) -> Result<Option<Response>, ApiError> {
        let Some(path) = path(caller, request, steps) else {
            return Ok(None);
        };
        if !matches!(request.method(), &Method::GET | &Method::HEAD) {
            return Err(ApiError::method_not_allowed("GET, HEAD"));
        }
        let answer = match path {
            Path::Page => sync::page(app, &caller.view, request, &self.config).await?,
            Path::Events => {
                let opener = self.opener(caller, request);
                self.events.open(app, opener, request).await?
            }
            Path::Node => node::give(app, request).await?,
        };
        Ok(Some(answer))
    }

    fn opener(&self, caller: &Caller, request: &Request) -> Opener {
        let secret = authenticate::secret(request.headers()).map(str::to_owned);
        let peer = request.remote_addr().as_socket_addr();
        let peer = peer.map(|peer| peer.ip().to_canonical());
        let name = match &caller.author {
            Some(author) => Some(author.to_string()),
            None => peer
                .filter(|peer| !self.uncapped.contains(peer))
                .map(|peer| peer.to_string()),
        };
        Opener {
            view: Arc::clone(&caller.view),
            secret,
            name,
        }
    }
}

fn path(caller: &Caller, request: &Request, steps: &[&str]) -> Option<Path> {
    let is_type = |name: &str| {
        let found = caller.view.schema().by_api_name(name);
        found.is_some_and(|found| caller.view.knows(found))
    };
    match steps {
        ["sync", "events"] => Some(Path::Events),
        // Others are told what they are told of anything that does not exist.
        ["sync", "node"] if caller.view.is_full() => Some(Path::Node),
        ["sync"] if !is_type("sync") => Some(Path::Page),
        ["events"] if !is_type("events") || accepts_stream(request.headers()) => Some(Path::Events),
        _ => None,
    }
}

/// Whether a request of `/api/events` means the stream, although a type may be served there.
pub(in crate::server) fn asks_for_stream(path: &str, headers: &HeaderMap) -> bool {
    path.trim_matches('/') == "events" && accepts_stream(headers)
}

fn accepts_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    accept
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/event-stream"))
}
