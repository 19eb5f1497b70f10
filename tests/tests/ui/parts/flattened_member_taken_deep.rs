//! A flattened struct's members stand beside those of the struct around it.

use cache_core::{CacheEmbedded, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Place {
    city: String,
}

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Address {
    city: String,
    #[embedded]
    #[serde(flatten)]
    place: Place,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u64,
    #[embedded]
    addresses: Vec<Address>,
}

fn main() {}
