//! One request: from hyper to the endpoint and back.

use std::{
    io,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{Full, combinators::BoxBody};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use poem::{
    Addr, Body, Endpoint, IntoResponse, Request, RequestParts, Response,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};

use super::{House, intake::Intake, pulse::Pulse};
use crate::server::error::{ApiError, envelope};

/// What the requests of one connection share.
pub(super) struct Service<E> {
    pub(super) house: Arc<House<E>>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) local: LocalAddr,
    pub(super) remote: RemoteAddr,
}

pub(super) fn address(address: Option<std::net::SocketAddr>) -> Addr {
    address.map(Addr::from).unwrap_or_default()
}

impl<E: Endpoint<Output = Response> + 'static> Service<E> {
    /// Answers one request; a panic becomes a 500 and the connection goes on.
    pub(super) async fn answer(
        &self,
        request: hyper::Request<Incoming>,
    ) -> hyper::Response<Answer> {
        self.pulse.request();
        // Made first, so that the pulse goes on even if the handler is dropped half-way.
        let end = End(Arc::clone(&self.pulse));
        let limit = self.house.config.max_url_bytes;
        let response = if url_bytes(request.uri()) > limit {
            ApiError::uri_too_long(limit).into_response()
        } else if let Some(response) = self.quick(&request) {
            return response.map(|bytes| Answer {
                inner: Content::Whole(Full::new(bytes)),
                _end: end,
            });
        } else {
            self.call(request).await
        };
        let response: hyper::Response<BoxBody<Bytes, io::Error>> = response.into();
        response.map(|body| Answer {
            inner: Content::Streamed(body),
            _end: end,
        })
    }

    /// What needs no endpoint; a panic there sends the request to it.
    fn quick(&self, request: &hyper::Request<Incoming>) -> Option<hyper::Response<Bytes>> {
        let quick = self.house.quick.as_ref()?;
        let peer = self.remote.0.as_socket_addr().map(std::net::SocketAddr::ip);
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        let answer = || quick.answer(method, uri, headers, peer);
        std::panic::catch_unwind(AssertUnwindSafe(answer)).ok()?
    }

    async fn call(&self, request: hyper::Request<Incoming>) -> Response {
        let request = self.convert(request);
        match AssertUnwindSafe(self.house.endpoint.call(request))
            .catch_unwind()
            .await
        {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => envelope(error, ""),
            Err(payload) => ApiError::panicked(payload.as_ref(), "").into_response(),
        }
    }

    fn convert(&self, request: hyper::Request<Incoming>) -> Request {
        let (parts, incoming) = request.into_parts();
        let body = if incoming.is_end_stream() {
            Body::empty()
        } else {
            let intake = Intake::new(incoming, Arc::clone(&self.house));
            Body::from(BoxBody::new(intake))
        };
        let (local, remote) = (self.local.clone(), self.remote.clone());
        let parts = RequestParts::from((parts, local, remote, Scheme::HTTP));
        Request::from_parts(parts, body)
    }
}

fn url_bytes(uri: &hyper::Uri) -> usize {
    uri.path_and_query().map_or(0, |path| path.as_str().len())
}

/// Tells the pulse that a response is over.
struct End(Arc<Pulse>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.response_ended();
    }
}

/// A response body; hyper drops it when its last byte is in the write buffer.
pub(super) struct Answer {
    inner: Content,
    _end: End,
}

/// Bytes at hand, or what comes piece by piece.
enum Content {
    Whole(Full<Bytes>),
    Streamed(BoxBody<Bytes, io::Error>),
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut self.inner {
            Content::Whole(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Content::Streamed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Content::Whole(body) => body.is_end_stream(),
            Content::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Content::Whole(body) => body.size_hint(),
            Content::Streamed(body) => body.size_hint(),
        }
    }
}
