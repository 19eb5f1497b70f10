//! Fields without an index are not searched, whatever their type.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Address {
    city: String,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    age: i64,
    address: Address,
}

fn main() {
    let _ = User::ADDRESS.eq("Bern");
}
