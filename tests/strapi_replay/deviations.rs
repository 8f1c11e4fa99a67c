//! Answers that are meant to differ, each with its reason.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Answer, read};

/// `deviations.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deviations {
    reasons: BTreeMap<String, String>,
    topics: BTreeMap<String, BTreeMap<String, Deviation>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviation {
    why: String,
    status: u16,
    body: Json,
}

impl Deviations {
    pub(super) fn read(path: &Path) -> Self {
        let this: Self = read(path);
        for (topic, cases) in &this.topics {
            let recorded = super::cases(topic);
            for (name, deviation) in cases {
                let why = &deviation.why;
                assert!(
                    this.reasons.contains_key(why),
                    "{topic} / {name}: no reason is called {why}"
                );
                let known = recorded.iter().any(|case| case.name == *name);
                assert!(known, "{topic} has no case called {name}");
            }
        }
        this
    }

    /// What is expected instead of the recorded answer.
    pub(super) fn of(&self, topic: &str, name: &str) -> Option<Answer> {
        let deviation = self.topics.get(topic)?.get(name)?;
        Some(Answer {
            status: deviation.status,
            body: deviation.body.clone(),
        })
    }
}
