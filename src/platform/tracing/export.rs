//! Sending spans to a collector.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    Sampler, SamplingResult, SdkTracerProvider, ShouldSample, SpanData, SpanExporter as _,
};
use tokio::sync::mpsc::{self, Receiver};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer, Registry};

use super::queue::{Queue, ROOM};
use super::{TARGET, TraceConfig, TraceError};
use crate::platform::metrics::TRACES;

/// Spans sent together.
const BATCH: usize = 512;
/// How long spans gather before they are sent.
const GATHER: Duration = Duration::from_secs(1);
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an ending process waits for the collector.
const LAST_WAIT: Duration = Duration::from_secs(3);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What sends a request to another host and tells the status it was answered with.
pub trait Outbound: std::fmt::Debug + Send + Sync + 'static {
    /// Sends a POST.
    fn post(
        &self,
        url: String,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'static, Result<u16, String>>;
}

/// The exporter, before it runs.
#[derive(Debug)]
pub struct Exporting {
    exporter: opentelemetry_otlp::SpanExporter,
    provider: SdkTracerProvider,
    spans: Receiver<SpanData>,
}

impl Exporting {
    /// Prepares the export; none if it is not configured.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: &TraceConfig, outbound: impl Outbound) -> Result<Option<Self>, TraceError> {
        if config.endpoint.is_empty() {
            return Ok(None);
        }
        if !(0.0..=1.0).contains(&config.ratio) {
            return Err(TraceError::Ratio);
        }
        let mut exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Adapter(outbound))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(config.url()?)
            .with_headers(config.header_list()?.into_iter().collect())
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| TraceError::Endpoint(error.to_string()))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder_empty()
            .with_service_name(config.service.clone())
            .with_attribute(version)
            .build();
        exporter.set_resource(&resource);
        let (sender, spans) = mpsc::channel(ROOM);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Queue(sender))
            .with_sampler(Share {
                ratio: Sampler::TraceIdRatioBased(config.ratio),
                trust_parent: config.trust_parent,
            })
            .with_resource(resource)
            .build();
        Ok(Some(Self {
            exporter,
            provider,
            spans,
        }))
    }

    /// The layer that turns spans of [`TARGET`] into what is exported.
    pub fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        super::spans::turn_on();
        let filter = Targets::new().with_target(TARGET, LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("tympan"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter)
            .boxed()
    }

    /// Sends spans until `stop` is done, then what is left.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut pause = Pause::default();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                count = self.spans.recv_many(&mut batch, BATCH) => if count == 0 { return },
                () = &mut stop => break,
            }
            if batch.len() < BATCH {
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    () = &mut stop => break,
                }
                self.drain(&mut batch);
            }
            let sent = self.send(std::mem::take(&mut batch)).await;
            tokio::select! {
                () = pause.after(sent) => {}
                () = &mut stop => break,
            }
        }
        self.spans.close();
        let last = async {
            loop {
                self.drain(&mut batch);
                let full = batch.len() >= BATCH;
                if batch.is_empty() || self.send(std::mem::take(&mut batch)).await.is_err() || !full
                {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(LAST_WAIT, last).await;
    }

    /// Adds what waits already, up to a batch.
    fn drain(&mut self, batch: &mut Vec<SpanData>) {
        while batch.len() < BATCH {
            let Ok(span) = self.spans.try_recv() else {
                return;
            };
            batch.push(span);
        }
    }

    async fn send(&self, batch: Vec<SpanData>) -> Result<(), String> {
        let count = batch.len() as u64;
        let sent = tokio::time::timeout(PATIENCE, self.exporter.export(batch)).await;
        let result = match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("it did not answer within {} s", PATIENCE.as_secs())),
        };
        match &result {
            Ok(()) => TRACES.sent.add(count),
            Err(_) => TRACES.failed.add(count),
        }
        result
    }
}

/// Growing pauses after failures, with one line in the log when it begins and one when it is over.
#[derive(Debug, Default)]
struct Pause {
    failures: u32,
}

impl Pause {
    async fn after(&mut self, sent: Result<(), String>) {
        match sent {
            Ok(()) => {
                if self.failures > 0 {
                    tracing::info!("the collector of traces takes spans again");
                }
                self.failures = 0;
            }
            Err(error) => {
                if self.failures == 0 {
                    tracing::warn!(
                        error,
                        "the collector of traces did not take spans; they are dropped until it does"
                    );
                }
                let pause = Duration::from_secs(1 << self.failures.min(5));
                self.failures += 1;
                tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            }
        }
    }
}

/// Decides by share at the root of a trace; inside, all or nothing.
#[derive(Debug, Clone)]
struct Share {
    ratio: Sampler,
    trust_parent: bool,
}

impl ShouldSample for Share {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let above = parent.map(|context| context.span().span_context().clone());
        let above = above.filter(opentelemetry::trace::SpanContext::is_valid);
        let sampler = match above {
            Some(above) if self.trust_parent || !above.is_remote() => match above.is_sampled() {
                true => &Sampler::AlwaysOn,
                false => &Sampler::AlwaysOff,
            },
            _ => &self.ratio,
        };
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

/// An [`Outbound`] as the exporter wants it.
#[derive(Debug)]
struct Adapter<O>(O);

impl<O: Outbound> HttpClient for Adapter<O> {
    fn send_bytes<'me, 'sent>(
        &'me self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'me: 'sent,
        Self: 'sent,
    {
        let (head, body) = request.into_parts();
        let headers = head.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let sent = self.0.post(head.uri.to_string(), headers.collect(), body);
        Box::pin(async move {
            let status = sent.await?;
            Ok(Response::builder().status(status).body(Bytes::new())?)
        })
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::SamplingDecision;

    use super::*;

    #[test]
    fn callers_decide_only_where_they_are_trusted() {
        let decide = |ratio: f64, trust_parent: bool, above: Option<(bool, bool)>| {
            let sampler = Share {
                ratio: Sampler::TraceIdRatioBased(ratio),
                trust_parent,
            };
            let trace = TraceId::from_bytes([7; 16]);
            let context = above.map(|(remote, sampled)| {
                let flags = TraceFlags::new(u8::from(sampled));
                let span = SpanId::from_bytes([7; 8]);
                let span = SpanContext::new(trace, span, flags, remote, TraceState::default());
                Context::new().with_remote_span_context(span)
            });
            let result =
                sampler.should_sample(context.as_ref(), trace, "x", &SpanKind::Server, &[], &[]);
            result.decision == SamplingDecision::RecordAndSample
        };
        assert!(decide(1.0, false, None) && !decide(0.0, false, None));
        // From outside: the share decides, unless callers are trusted.
        assert!(!decide(0.0, false, Some((true, true))));
        assert!(decide(1.0, false, Some((true, false))));
        assert!(decide(0.0, true, Some((true, true))));
        assert!(!decide(1.0, true, Some((true, false))));
        // Inside a trace: all or nothing.
        assert!(decide(0.0, false, Some((false, true))));
        assert!(!decide(1.0, false, Some((false, false))));
    }
}
