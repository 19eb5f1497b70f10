//! Only numbers are incremented.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    name: String,
}

fn main() {
    let _ = User::patch("u1").increment(User::NAME, 1);
}
