//! What is written as a number is no TAG.

use cache_core::CacheModel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(tag)]
    #[serde(with = "cache_core::epoch_millis")]
    created: DateTime<Utc>,
}

fn main() {}
