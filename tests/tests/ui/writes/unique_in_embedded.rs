//! Fields of a model are unique, not those of its parts.

use cache_core::CacheEmbedded;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Address {
    #[unique]
    city: String,
}

fn main() {}
