//! What the benches share: the dataset, the program under measurement, requests and the load generator.
#![allow(dead_code, reason = "every bench uses its own part of this module")]

pub(crate) mod archive;
pub(crate) mod dataset;
mod icon;
pub(crate) mod load;
pub(crate) mod program;
mod python_random;
pub(crate) mod requests;
pub(crate) mod seed;
mod types;
