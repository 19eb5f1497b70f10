//! serde writes a date as a text, which the index could not compare.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    created: OffsetDateTime,
}

fn main() {}
