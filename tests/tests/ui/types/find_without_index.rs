//! A model without an index is not searched.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    age: i64,
}

fn main() {
    let _ = User::find();
}
