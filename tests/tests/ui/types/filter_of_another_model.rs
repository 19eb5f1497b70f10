//! A query takes filters of its own model.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    age: i64,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct Order {
    #[primary_key]
    id: String,
    #[index]
    total: i64,
}

fn main() {
    let _ = User::find().filter(Order::TOTAL.gt(18));
}
