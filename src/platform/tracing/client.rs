//! The way out for spans: the client that everything takes which leaves.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::Outbound;
use crate::platform::http_client::{Client, Request};

impl Outbound for Client {
    fn post(
        &self,
        url: String,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'static, Result<u16, String>> {
        let client = self.clone();
        Box::pin(async move {
            let request = Request {
                method: "POST",
                url,
                headers,
                body: body.into(),
                // The answer's body means nothing: its connection is given up if there is much of it.
                answer_bytes: 1024,
            };
            let answer = client.send(request).await;
            answer
                .map(|answer| answer.status)
                .map_err(|error| error.to_string())
        })
    }
}
