//! A field is set to a value of its own type.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    age: u32,
}

fn main() {
    let _ = User::patch("u1").set(User::AGE, "thirty");
}
