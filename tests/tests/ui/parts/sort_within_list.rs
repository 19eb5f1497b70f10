//! A field within a list has no single value to sort by.

use cache_core::{CacheEmbedded, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Address {
    #[index(sortable)]
    city: String,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[embedded]
    addresses: Vec<Address>,
}

fn main() {
    let _ = User::ADDRESSES.city.asc();
}
