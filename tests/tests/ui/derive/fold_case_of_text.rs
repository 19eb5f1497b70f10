//! TEXT fields have no case to fold.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(text, fold_case)]
    bio: String,
}

fn main() {}
