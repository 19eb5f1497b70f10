//! What a module of another crate writes is not known.

use cache_core::CacheModel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(sortable)]
    #[serde(with = "chrono::serde::ts_seconds")]
    created: DateTime<Utc>,
}

fn main() {}
