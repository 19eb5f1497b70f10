//! A newtype is indexed as what it holds, which must be indexable.

use cache_core::CacheValue;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheValue)]
struct Any(serde_json::Value);

fn main() {}
