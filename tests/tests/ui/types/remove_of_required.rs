//! Only what may be missing is removed.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    name: String,
}

fn main() {
    let _ = User::patch("u1").remove(User::NAME);
}
