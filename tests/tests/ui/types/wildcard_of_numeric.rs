//! Numbers have no characters.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    age: i64,
}

fn main() {
    let _ = User::AGE.wildcard("1?");
}
