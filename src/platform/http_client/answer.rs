//! What came back, as much of it as was asked for.

use reqwest::Response;

/// An answer with the beginning of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Retry-After`, if there is one.
    pub retry_after: Option<String>,
    /// The beginning of the body, as it came: nothing is decompressed.
    pub body: Vec<u8>,
    /// How the body ended.
    pub ending: Ending,
}

/// How a body ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It is whole.
    Whole,
    /// There was more than was asked for; it was not read.
    Cut,
    /// The connection broke or took too long before the end that was promised.
    Broken(String),
}

/// Reads up to `limit` bytes and drops the connection if there are more.
pub(super) async fn read(mut response: Response, limit: usize) -> Answer {
    let retry_after = response.headers().get(reqwest::header::RETRY_AFTER);
    let mut answer = Answer {
        status: response.status().as_u16(),
        retry_after: retry_after
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
        body: Vec::new(),
        ending: Ending::Whole,
    };
    loop {
        match response.chunk().await {
            Ok(None) => return answer,
            Ok(Some(chunk)) => {
                let left = limit.saturating_sub(answer.body.len());
                answer.body.extend(chunk.iter().take(left));
                if chunk.len() > left {
                    answer.ending = Ending::Cut;
                    return answer;
                }
            }
            Err(error) => {
                answer.ending = Ending::Broken(super::error::of(&error).to_string());
                return answer;
            }
        }
    }
}
