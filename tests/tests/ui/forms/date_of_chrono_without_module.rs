//! A date of chrono with an offset in its type is told the same.

use cache_core::CacheModel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    created: DateTime<Utc>,
}

fn main() {}
