//! A date is compared with dates: a number would be of a unit that nobody sees.

use cache_core::CacheModel;
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

fn main() {
    let _ = User::CREATED.gt(1_700_000_000);
}
