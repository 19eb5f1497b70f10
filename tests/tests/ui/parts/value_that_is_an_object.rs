//! A struct with a named field is stored as an object.

use cache_core::CacheValue;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheValue)]
struct Money {
    cents: i64,
}

fn main() {}
