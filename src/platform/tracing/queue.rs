//! Finished spans on their way to the exporter: a bounded queue that never makes anybody wait.
//!
//! Why not the library's own: it counts nothing of what it throws away.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::mpsc::{Sender, error::TrySendError};

use crate::platform::metrics::TRACES;

/// Spans that may wait.
pub(super) const ROOM: usize = 4096;

/// The queue's end that takes spans.
#[derive(Debug)]
pub(super) struct Queue(pub(super) Sender<SpanData>);

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        match self.0.try_send(span) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => TRACES.dropped.count(),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
