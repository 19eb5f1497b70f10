//! TEXT fields are not compared as a whole.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(text)]
    bio: String,
}

fn main() {
    let _ = User::BIO.eq("rust");
}
