//! An embedded struct is one concrete type.

use cache_core::CacheEmbedded;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Page<T> {
    items: Vec<T>,
}

fn main() {}
