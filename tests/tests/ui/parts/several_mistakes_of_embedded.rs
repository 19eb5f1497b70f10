//! Mistakes in an embedded struct are reported there, and not where it is embedded.

use cache_core::{CacheEmbedded, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
#[serde(rename_all = "kebab-case")]
struct Address {
    #[index]
    zip_code: String,
    #[unique]
    street_name: String,
    #[index]
    city: String,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[embedded]
    address: Address,
    #[embedded]
    others: Vec<Address>,
}

fn main() {
    let _ = User::find().filter(User::ADDRESS.city.eq("Bern"));
}
