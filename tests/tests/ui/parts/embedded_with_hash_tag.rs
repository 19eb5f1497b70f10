//! An embedded struct has no keys.

use cache_core::CacheEmbedded;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
#[cache(hash_tag)]
struct Address {
    city: String,
}

fn main() {}
