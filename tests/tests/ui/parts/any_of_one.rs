//! A single embedded struct has no elements.

use cache_core::{CacheEmbedded, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Address {
    #[index]
    city: String,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[embedded]
    address: Address,
}

fn main() {
    let _ = User::ADDRESS.any(|address| address.city.eq("Bern"));
}
