//! An indexed value is one value.

use cache_core::CacheValue;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheValue)]
struct Money(i64, String);

fn main() {}
