//! What a running server counts, and the page Prometheus reads.
//!
//! Counters are plain numbers in fixed places: counting is a few additions without a lock, a lookup or an
//! allocation, and costs tens of nanoseconds (`cargo bench --bench counting`). The usual crates were not taken:
//! their histograms keep every sample until somebody scrapes, and their labels are hashed on every count.
//!
//! **Always true**: labels come from small fixed sets, or are names an operator gave and are bounded in number;
//! no content, path, token or address is ever one.
//! **Knows nothing about** HTTP and content. Start reading at [`REQUESTS`] and [`page`].

mod counter;
mod database;
mod histogram;
mod outcome;
mod page;
mod process;
mod requests;
mod sampled;

pub use counter::{Counter, Gauge};
pub use database::{DATABASE, DatabaseCounts};
pub use histogram::Histogram;
pub use outcome::{CONNECTIONS, Connections, LOG, Log, TRACES, Traces};
pub use page::{Kind, Page};
pub use process::start;
pub use requests::{REQUESTS, Requests, Route};
pub use sampled::{Sample, sample};

/// Everything that is counted in this process, then what is read at this moment ([`sample`]).
pub async fn page() -> Page {
    let mut page = Page::default();
    REQUESTS.write(&mut page);
    CONNECTIONS.write(&mut page);
    DATABASE.write(&mut page);
    LOG.write(&mut page);
    TRACES.write(&mut page);
    sampled::write(&mut page).await;
    process::write(&mut page);
    page
}
