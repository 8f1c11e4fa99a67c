//! Keeping a task alive.

use std::fmt::Display;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// A task that ran this long has recovered: the next failure waits briefly again.
const RECOVERED: Duration = Duration::from_secs(60);

/// Runs a task for ever; one that fails or panics begins again after a while, and says so in the log.
pub async fn supervise<F, Fut, E>(name: &'static str, task: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    let mut wait = FIRST_WAIT;
    loop {
        let began = Instant::now();
        let ended = AssertUnwindSafe(task()).catch_unwind().await;
        if began.elapsed() > RECOVERED {
            wait = FIRST_WAIT;
        }
        match ended {
            Ok(Ok(())) => tracing::warn!(task = name, "ended; it begins again"),
            Ok(Err(error)) => tracing::warn!(task = name, %error, "failed; it begins again"),
            Err(_) => tracing::error!(task = name, "panicked; it begins again"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_or_fails_begins_again() {
        let runs = AtomicU32::new(0);
        let task = supervise("test", || async {
            match runs.fetch_add(1, Ordering::SeqCst) {
                0 => panic!("on purpose"),
                1 => Err("on purpose"),
                _ => std::future::pending().await,
            }
        });
        let waited = tokio::time::timeout(Duration::from_secs(5), task).await;
        assert!(waited.is_err(), "it never ends by itself");
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }
}
