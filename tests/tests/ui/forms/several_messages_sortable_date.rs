//! serde writes a date as a text, which the index could not compare.

use cache_core::CacheModel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(sortable)]
    created: DateTime<Utc>,
}

fn main() {}
