//! What a node knows of its origin.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::base::clock;

/// Whom this instance follows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FollowConfig {
    /// The origin, as `https://cms.example.org`; empty = this instance has content of its own.
    pub url: String,
    /// A full-access token of the origin.
    pub token: String,
}

/// How following goes.
#[derive(Debug)]
pub struct Following {
    origin: String,
    complete: AtomicBool,
    /// When the origin last said that there is nothing more, or less than that.
    heard: AtomicI64,
    caught_up: AtomicBool,
    problem: Mutex<Option<String>>,
}

impl Following {
    /// Of an origin, named without credentials.
    pub fn new(origin: impl Into<String>, complete: bool) -> Self {
        Self {
            origin: origin.into(),
            complete: AtomicBool::new(complete),
            heard: AtomicI64::new(0),
            caught_up: AtomicBool::new(false),
            problem: Mutex::new(None),
        }
    }

    /// The origin's address.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the first copy is there.
    pub fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Relaxed)
    }

    /// The origin answered.
    pub fn heard(&self, complete: bool, caught_up: bool) {
        self.complete.store(complete, Ordering::Relaxed);
        self.caught_up.store(caught_up, Ordering::Relaxed);
        self.heard.store(clock::now_ms(), Ordering::Relaxed);
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The origin did not answer; returns whether that is news.
    pub fn failed(&self, problem: &str) -> bool {
        let mut known = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let news = known.as_deref() != Some(problem);
        *known = Some(problem.to_owned());
        news
    }

    /// For people who watch over it.
    pub fn report(&self) -> Json {
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = self.heard.load(Ordering::Relaxed);
        let caught_up = self.caught_up.load(Ordering::Relaxed);
        let behind = match (problem.is_some() || !caught_up, heard) {
            (false, _) => Some(0),
            (true, 0) => None,
            (true, heard) => Some((clock::now_ms() - heard) / 1000),
        };
        let status = match (self.is_complete(), problem.is_some(), caught_up) {
            (false, ..) => "copying",
            (true, true, _) => "disconnected",
            (true, false, false) => "catching up",
            (true, false, true) => "ok",
        };
        json!({ "status": status, "behindSeconds": behind, "problem": *problem })
    }
}
