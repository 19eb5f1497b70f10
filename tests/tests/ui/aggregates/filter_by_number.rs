//! A condition is true or false.

use cache_core::CacheModel;
use cache_core::aggregate::{count};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u64,
    #[index]
    city: String,
    #[index]
    age: u32,
    #[index]
    tags: Vec<String>,
    note: String,
}

fn main() {
    let _ = User::find().aggregate().filter(User::AGE.expr()).reduce("n", count());
}
