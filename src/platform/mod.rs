//! The outside world, wrapped. **Knows nothing about** content.
pub mod database;
pub mod http_client;
pub mod metrics;
pub mod tally;
pub mod tracing;
