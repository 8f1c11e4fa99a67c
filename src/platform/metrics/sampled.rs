//! Numbers that nobody counts and somebody can look up: depths of queues, sizes of indexes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};

use super::page::{Kind, Page};

/// How long looking up may take before the page goes out without it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Values of one family at most.
const MOST: usize = 100;

/// One value of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// A label and its text. Texts must come from a small set: names of queues or of endpoints.
    pub label: Option<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

type Look = Arc<dyn Fn() -> BoxFuture<'static, Option<Vec<Sample>>> + Send + Sync>;

struct Source {
    help: &'static str,
    look: Look,
}

static SOURCES: Mutex<BTreeMap<&'static str, Source>> = Mutex::new(BTreeMap::new());

/// Registers a gauge that is looked up whenever the page is read; a second one of the same name replaces the
/// first. `look` gives none if it cannot tell at the moment; let it hold a `Weak` of what may end before the process.
pub fn sample<F>(name: &'static str, help: &'static str, look: F)
where
    F: Fn() -> BoxFuture<'static, Option<Vec<Sample>>> + Send + Sync + 'static,
{
    let look: Look = Arc::new(look);
    let mut sources = SOURCES.lock().unwrap_or_else(PoisonError::into_inner);
    sources.insert(name, Source { help, look });
}

pub(super) async fn write(page: &mut Page) {
    let looks: Vec<(&str, &str, Look)> = {
        let sources = SOURCES.lock().unwrap_or_else(PoisonError::into_inner);
        let sources = sources.iter();
        sources
            .map(|(name, source)| (*name, source.help, Arc::clone(&source.look)))
            .collect()
    };
    let answers = join_all(looks.into_iter().map(|(name, help, look)| async move {
        let seen = tokio::time::timeout(PATIENCE, look()).await.ok().flatten();
        (name, help, seen)
    }));
    for (name, help, seen) in answers.await {
        let Some(seen) = seen else {
            continue;
        };
        page.family(name, Kind::Gauge, help);
        for sample in seen.iter().take(MOST) {
            let label = sample
                .label
                .as_ref()
                .map(|(label, text)| (*label, text.as_str()));
            page.value(name, label.as_slice(), sample.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_or_cannot_tell_leaves_the_rest() {
        sample(
            "tympan_test_hangs",
            "x",
            || Box::pin(std::future::pending()),
        );
        sample("tympan_test_silent", "x", || {
            Box::pin(std::future::ready(None))
        });
        sample("tympan_test_depth", "Waiting.", || {
            let waiting = Sample {
                label: Some(("queue", "mail".to_owned())),
                value: 7.0,
            };
            Box::pin(std::future::ready(Some(vec![waiting])))
        });
        let mut page = Page::default();
        write(&mut page).await;
        let text = page.into_text();
        assert!(
            text.contains("tympan_test_depth{queue=\"mail\"} 7\n"),
            "{text}"
        );
        assert!(
            !text.contains("hangs") && !text.contains("silent"),
            "{text}"
        );
    }
}
