//! Why a request got no answer, without anything of the URL that may be secret.

use std::error::Error;

use super::lookup::{NotFound, NotPublic};

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The URL cannot be used.
    #[error("the URL cannot be used: {0}")]
    Url(&'static str),
    /// The target is not public.
    #[error(
        "the target is not public; list its host or address in `outbound.allow` if it may be reached"
    )]
    Refused,
    /// The name has no address.
    #[error("the host cannot be resolved")]
    NotFound,
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// There are no certificates to check others with.
    #[error(
        "https cannot be used: {0}; install the system's CA certificates or name a file in `outbound.ca_file`"
    )]
    NoRoots(String),
    /// A header that HTTP cannot carry.
    #[error("the header `{0}` has a name or value that HTTP cannot carry")]
    Header(String),
    /// An entry of the list of targets.
    #[error(
        "`outbound.allow` holds `{0}`; write HOST, HOST:PORT, ADDRESS, ADDRESS:PORT or ADDRESS/BITS"
    )]
    Allow(String),
    /// A setting that cannot be used.
    #[error("{0}")]
    Config(String),
}

/// Tells what went wrong.
pub(super) fn of(error: &reqwest::Error) -> OutboundError {
    if has::<NotPublic>(error) {
        return OutboundError::Refused;
    }
    if has::<NotFound>(error) {
        return OutboundError::NotFound;
    }
    if error.is_timeout() {
        return OutboundError::TimedOut;
    }
    match error.is_connect() {
        true => OutboundError::Connect(cause(error)),
        false => OutboundError::Broken(cause(error)),
    }
}

fn has<E: Error + 'static>(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<E>())
}

/// The innermost cause: what lies around it says where, with the URL.
fn cause(error: &reqwest::Error) -> String {
    let innermost = causes(error).last();
    let text = innermost.map_or_else(|| "unknown".to_owned(), ToString::to_string);
    text.chars().take(300).collect()
}

/// All causes of an error that names no URL.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    texts.join(": ")
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
