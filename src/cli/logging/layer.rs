//! From an event to a line.

use std::cell::RefCell;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::line::{Line, Look};
use super::sink::Sink;
use crate::config::LogFormat;
use crate::platform::tally;

/// Writes each event as one line.
pub(super) struct Lines {
    sink: Arc<Sink>,
    look: Look,
}

impl Lines {
    pub(super) fn new(sink: Arc<Sink>, format: LogFormat) -> Self {
        let look = match format {
            LogFormat::Json => Look::Json,
            LogFormat::Text if io::stderr().is_terminal() => Look::Coloured,
            LogFormat::Text => Look::Plain,
        };
        Self { sink, look }
    }
}

thread_local! {
    /// The line that a thread writes; its memory is kept.
    static LINE: RefCell<Line> = RefCell::new(Line::default());
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let write = |line: &mut Line| {
            let about = event.metadata();
            line.begin(self.look, *about.level(), about.target());
            event.record(line);
            if !line.names_request {
                tally::with_id(|id| line.text("request_id", id));
            }
            let urgent = *about.level() <= Level::WARN;
            self.sink.put(line.end(), urgent);
        };
        // Taken already only if showing a value logs something itself: then that line is its own.
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => write(&mut line),
            Err(_) => write(&mut Line::default()),
        });
    }
}
