//! Each part of a primary key names documents.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Price {
    #[primary_key]
    symbol: String,
    #[primary_key]
    price: f64,
}

fn main() {}
