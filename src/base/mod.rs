//! Words every floor may use; no IO.
//!
//! **Knows nothing about** content, HTTP or databases.
pub mod clock;
pub mod ids;
pub mod json;
pub mod limits;
pub mod stage;

pub use stage::Stage;
