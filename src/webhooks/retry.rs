//! What an answer means: delivered, gone or to be tried again, and when.

use chrono::DateTime;

use super::endpoints::Header;
use crate::base::clock;
use crate::platform::http_client::{Answer, Ending, OutboundError};

/// Longest wait a receiver can ask for: a day.
const LONGEST_WAIT_MS: u64 = 24 * 60 * 60 * 1000;
/// Secrets shorter than this are not looked for in answers: they would hide half of them.
const SHORTEST_SECRET: usize = 6;

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Delivered,
    Failed,
    /// The receiver wants nothing more.
    Gone,
}

/// A try that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) status: Option<u16>,
    pub(super) response: Option<String>,
    pub(super) error: Option<String>,
    pub(super) duration_ms: i64,
    /// How long the receiver asked to be left alone.
    pub(super) retry_after_ms: Option<u64>,
}

impl Outcome {
    /// Judges what came back.
    pub(super) fn of(
        sent: Result<Answer, OutboundError>,
        duration_ms: i64,
        headers: &[Header],
    ) -> Self {
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => {
                return Self {
                    verdict: Verdict::Failed,
                    status: None,
                    response: None,
                    error: Some(error.to_string()),
                    duration_ms,
                    retry_after_ms: None,
                };
            }
        };
        let (verdict, error) = judge(&answer);
        let asked = matches!(answer.status, 429 | 503);
        let retry_after = answer.retry_after.as_deref().filter(|_| asked);
        Self {
            verdict,
            status: Some(answer.status),
            response: Some(readable(&answer.body, headers)),
            error,
            duration_ms,
            retry_after_ms: retry_after.and_then(|text| wait(text, clock::now_ms())),
        }
    }
}

/// Only a whole answer of 200 to 299 is a receipt.
fn judge(answer: &Answer) -> (Verdict, Option<String>) {
    match (answer.status, &answer.ending) {
        (200..=299, Ending::Broken(why)) => {
            let why = format!("the answer is not whole: {why}");
            (Verdict::Failed, Some(why))
        }
        (200..=299, _) => (Verdict::Delivered, None),
        (300..=399, _) => (
            Verdict::Failed,
            Some("redirects are not followed".to_owned()),
        ),
        (410, _) => (Verdict::Gone, Some("the receiver is gone".to_owned())),
        (status, _) => (
            Verdict::Failed,
            Some(format!("the receiver answered {status}")),
        ),
    }
}

/// `Retry-After`: seconds or a date, as milliseconds of at most a day.
pub fn wait(text: &str, now_ms: i64) -> Option<u64> {
    let text = text.trim();
    let ms = match text.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1000),
        Err(_) => {
            let at = DateTime::parse_from_rfc2822(text).ok()?;
            u64::try_from(at.timestamp_millis() - now_ms).unwrap_or(0)
        }
    };
    Some(ms.min(LONGEST_WAIT_MS))
}

/// The body as text that a database holds, without secrets that were sent and came back.
fn readable(body: &[u8], headers: &[Header]) -> String {
    let mut text = String::from_utf8_lossy(body).replace('\0', "\u{fffd}");
    let secrets = headers.iter().filter(|header| header.secret);
    for header in secrets.filter(|header| header.value.len() >= SHORTEST_SECRET) {
        // `Bearer x` comes back as `x` as well.
        for part in header
            .value
            .split_whitespace()
            .chain([header.value.as_str()])
        {
            if part.len() >= SHORTEST_SECRET {
                text = text.replace(part, header.shown());
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, ending: Ending) -> Answer {
        Answer {
            status,
            retry_after: Some("120".into()),
            body: b"a\0b Bearer s3cret-value".to_vec(),
            ending,
        }
    }

    fn verdict(status: u16, ending: Ending) -> Verdict {
        Outcome::of(Ok(answer(status, ending)), 1, &[]).verdict
    }

    #[test]
    fn only_a_whole_success_is_a_receipt() {
        assert_eq!(verdict(204, Ending::Whole), Verdict::Delivered);
        assert_eq!(verdict(200, Ending::Cut), Verdict::Delivered);
        assert_eq!(verdict(200, Ending::Broken("x".into())), Verdict::Failed);
        assert_eq!(verdict(410, Ending::Whole), Verdict::Gone);
        for status in [301, 400, 404, 429, 500, 503] {
            assert_eq!(verdict(status, Ending::Whole), Verdict::Failed, "{status}");
        }
    }

    #[test]
    fn receivers_ask_for_time_in_seconds_or_by_date() {
        let now = 1_445_412_480_000;
        assert_eq!(wait("120", now), Some(120_000));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:30 GMT", now), Some(30_000));
        assert_eq!(wait("Wed, 21 Oct 2015 07:00:00 GMT", now), Some(0));
        assert_eq!(wait("99999999999999999999", now), None);
        assert_eq!(wait("9999999999", now), Some(LONGEST_WAIT_MS));
        assert_eq!(wait("soon", now), None);
        let asked = |status| Outcome::of(Ok(answer(status, Ending::Whole)), 1, &[]).retry_after_ms;
        assert_eq!(
            (asked(503), asked(429), asked(500)),
            (Some(120_000), Some(120_000), None)
        );
    }

    #[test]
    fn secrets_that_come_back_are_not_kept() {
        let header = Header {
            name: "authorization".into(),
            value: "Bearer s3cret-value".into(),
            secret: true,
        };
        let outcome = Outcome::of(
            Ok(answer(200, Ending::Whole)),
            1,
            std::slice::from_ref(&header),
        );
        assert_eq!(outcome.response.unwrap(), "a\u{fffd}b ••• •••");
        assert!(!format!("{header:?}").contains("s3cret"));
    }
}
