//! What brings documents to a version needs the version.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(upgrade = upgrade)]
struct User {
    #[primary_key]
    id: String,
}

fn main() {}
