//! Fields without an index are not searched.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    age: i64,
    email: String,
}

fn main() {
    let _ = User::EMAIL.eq("ann@example.com");
}
