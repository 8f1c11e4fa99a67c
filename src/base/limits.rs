//! Numbers that bound what one request may ask for.

use serde::{Deserialize, Serialize};

/// Bounds of one read request; defaults from `docs/operator.md`, "Limits".
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueryLimits {
    /// Entries per page when the request names no size.
    pub default_page_size: u32,
    /// Largest page; a larger one is clamped, as Strapi does.
    pub max_page_size: u32,
    /// Levels of populate below the entry.
    pub populate_depth: u32,
    /// Rows of one populated relation per parent.
    pub populated_rows: u32,
    /// Conditions and groups in one request's filters.
    pub filter_nodes: u32,
    /// Nesting of filters, relations included.
    pub filter_depth: u32,
    /// Values in one `$in` or `$notIn`.
    pub in_values: u32,
    /// Sort keys in one request.
    pub sort_keys: u32,
    /// Length of one filter value or search text in bytes.
    pub value_bytes: u32,
    /// Parameters in one query string.
    pub parameters: u32,
    /// Nesting of brackets in one parameter name.
    pub parameter_depth: u32,
    /// Bytes of one response body before it is refused.
    pub response_bytes: u64,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            default_page_size: 25,
            max_page_size: 100,
            populate_depth: 8,
            populated_rows: 1000,
            filter_nodes: 100,
            filter_depth: 8,
            in_values: 500,
            sort_keys: 10,
            value_bytes: 4096,
            parameters: 1000,
            parameter_depth: 20,
            response_bytes: 16 * 1024 * 1024,
        }
    }
}
