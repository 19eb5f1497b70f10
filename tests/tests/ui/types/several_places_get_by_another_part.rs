//! Each part of an id is of its part's type.

use cache_core::{Cache, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Order {
    #[primary_key]
    tenant: String,
    #[primary_key]
    number: u64,
}

async fn get(cache: &Cache) {
    let _ = Order::get(cache, ("acme", "7")).await;
}

fn main() {}
