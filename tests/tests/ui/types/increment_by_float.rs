//! What is added to an integer is an integer.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    visits: u64,
}

fn main() {
    let _ = User::patch("u1").increment(User::VISITS, 0.5);
}
