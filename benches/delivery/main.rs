//! The delivery bench.

fn main() {}
