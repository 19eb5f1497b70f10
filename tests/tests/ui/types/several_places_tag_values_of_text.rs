//! The values of TAG fields alone can be listed.

use cache_core::{Cache, CacheModel, Terms};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(text)]
    bio: String,
}

fn values(cache: &Cache) {
    let _ = User::tag_values(cache, User::BIO);
}

fn main() {}
