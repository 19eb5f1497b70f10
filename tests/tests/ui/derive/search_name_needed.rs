//! A member that queries cannot name needs a search name.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[serde(rename_all = "kebab-case")]
struct User {
    #[primary_key]
    id: String,
    #[index]
    first_name: String,
}

fn main() {}
