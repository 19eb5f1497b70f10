//! A field with one value has no elements.

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
    let _ = User::AGE.any(|age| age.gt(3));
}
