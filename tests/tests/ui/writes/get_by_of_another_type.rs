//! A unique field is looked up by what it holds.

use cache_core::{Cache, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[unique]
    number: u32,
}

async fn look(cache: Cache) {
    let _ = User::get_by_number(&cache, "7").await;
}

fn main() {
    let _ = look;
}
