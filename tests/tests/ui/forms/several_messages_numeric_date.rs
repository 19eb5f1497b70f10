//! serde writes a date as a text, which is no number.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index(numeric)]
    created: Option<OffsetDateTime>,
}

fn main() {}
