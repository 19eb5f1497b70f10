//! An id has all parts of the primary key.

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
    let _ = Order::get(cache, "acme").await;
}

fn main() {}
