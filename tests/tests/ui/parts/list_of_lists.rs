//! A list of lists cannot be embedded.

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
    addresses: Vec<Vec<Address>>,
}

fn main() {}
