//! How many live streams there are, and whose.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::server::error::ApiError;

type Counts = Arc<Mutex<HashMap<String, u32>>>;

/// Counts streams altogether and per caller.
#[derive(Debug)]
pub(super) struct Streams {
    most: u32,
    per_caller: u32,
    counts: Counts,
}

/// A stream's place in the count; given back on drop.
#[derive(Debug)]
pub(super) struct Place {
    counts: Counts,
    callers: [String; 2],
}

/// The name all streams are counted under; no caller has it.
const ALL: &str = "";

impl Streams {
    pub(super) fn new(most: u32, per_caller: u32) -> Self {
        Self {
            most,
            per_caller,
            counts: Counts::default(),
        }
    }

    /// A place for one more stream of a caller; one without a name is only counted altogether.
    pub(super) fn enter(&self, caller: Option<String>) -> Result<Place, ApiError> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |name: &str| counts.get(name).copied().unwrap_or_default();
        if of(ALL) >= self.most {
            return Err(ApiError::unavailable(
                "the server has as many live streams as it takes; try again later or ask /api/sync",
                10,
            ));
        }
        let own = caller.filter(|_| self.per_caller > 0).unwrap_or_default();
        if !own.is_empty() && of(&own) >= self.per_caller {
            return Err(ApiError::too_many(10));
        }
        let callers = [ALL.to_owned(), own];
        for name in counted(&callers) {
            *counts.entry(name.clone()).or_default() += 1;
        }
        Ok(Place {
            counts: Arc::clone(&self.counts),
            callers,
        })
    }
}

/// The names a stream is counted under.
fn counted(callers: &[String; 2]) -> impl Iterator<Item = &String> {
    let [all, own] = callers;
    std::iter::once(all).chain((!own.is_empty()).then_some(own))
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for name in counted(&self.callers) {
            if let Some(count) = counts.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_altogether_and_per_caller_and_given_back() {
        let streams = Streams::new(3, 1);
        let one = streams.enter(Some("a".into())).unwrap();
        assert_eq!(
            streams
                .enter(Some("a".into()))
                .unwrap_err()
                .status_code()
                .as_u16(),
            429
        );
        let _two = streams.enter(None).unwrap();
        let _three = streams.enter(None).unwrap();
        assert_eq!(streams.enter(None).unwrap_err().status_code().as_u16(), 503);
        drop(one);
        assert!(streams.enter(Some("a".into())).is_ok());
    }
}
