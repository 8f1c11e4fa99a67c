//! The two questions an orchestrator asks: does the process live, and may it get traffic.
//!
//! **Always true**: `live` touches nothing but the process; `ready` answers within
//! [`PATIENCE`], whatever the check does.
//! **Knows nothing about** what is checked.
//! **Start reading at** [`Ready`].

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use poem::{
    Endpoint, Request, Response,
    http::{HeaderValue, StatusCode, header},
};
use serde_json::{Value, json};

use super::error::ApiError;
use crate::app::App;

/// How long a readiness check may take before it counts as failed.
pub const PATIENCE: Duration = Duration::from_secs(2);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// `GET /health/live`: 200 as long as the process answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Live;

/// `GET /health/ready`: 200, or 503 with the reason the check gave.
#[derive(Clone)]
pub struct Ready {
    check: Check,
}

impl Ready {
    /// Asks `check` on every call; its error is shown, so it must hold no secret.
    pub fn new<F, A>(check: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self {
            check: Arc::new(move || Box::pin(check())),
        }
    }
}

impl Endpoint for Live {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        Ok(report(StatusCode::OK, None))
    }
}

impl Endpoint for Ready {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        let reason = match tokio::time::timeout(PATIENCE, (self.check)()).await {
            Ok(Ok(())) => return Ok(report(StatusCode::OK, None)),
            Ok(Err(reason)) => reason,
            Err(_) => format!("the check took longer than {} s", PATIENCE.as_secs()),
        };
        Ok(report(StatusCode::SERVICE_UNAVAILABLE, Some(&reason)))
    }
}

/// `GET /health/node`: how far a read node is behind its origin; 404 on other instances.
#[derive(Debug, Clone)]
pub struct Node {
    app: Arc<App>,
}

impl Node {
    /// Of this app.
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl Endpoint for Node {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        let Some(following) = self.app.following() else {
            return Err(ApiError::not_found().into());
        };
        Ok(answer(StatusCode::OK, &following.report()))
    }
}

fn report(status: StatusCode, reason: Option<&str>) -> Response {
    let body = match reason {
        None => json!({ "status": "ok" }),
        Some(reason) => json!({ "status": "unavailable", "reason": reason }),
    };
    answer(status, &body)
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::builder().status(status).body(body.to_string());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(endpoint: impl Endpoint<Output = Response>) -> (StatusCode, String) {
        let response = endpoint.get_response(Request::default()).await;
        let status = response.status();
        (status, response.into_body().into_string().await.unwrap())
    }

    #[tokio::test]
    async fn says_why_it_is_not_ready() {
        assert_eq!(
            asked(Live).await,
            (StatusCode::OK, r#"{"status":"ok"}"#.into())
        );
        assert_eq!(asked(Ready::new(async || Ok(()))).await.0, StatusCode::OK);
        let (status, body) = asked(Ready::new(async || Err("no database".into()))).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains("no database"), "{body}");
    }

    #[tokio::test]
    async fn a_check_that_hangs_is_a_failed_check() {
        tokio::time::pause();
        let (status, _) = asked(Ready::new(std::future::pending)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
