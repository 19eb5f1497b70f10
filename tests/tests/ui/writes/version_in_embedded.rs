//! The version is the document's.

use cache_core::CacheEmbedded;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Address {
    city: String,
    #[version]
    version: u64,
}

fn main() {}
