//! The primary key is the model's.

use cache_core::CacheEmbedded;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Address {
    #[primary_key]
    city: String,
}

fn main() {}
