//! What is written by a module is read by it.

use cache_core::{CacheModel, CacheView};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    #[serde(with = "cache_core::epoch_millis")]
    created: DateTime<Utc>,
}

#[derive(Deserialize, CacheView)]
#[cache(model = User)]
struct Card {
    created: DateTime<Utc>,
}

fn main() {}
