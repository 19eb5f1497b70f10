//! A point has no single value to sort by.

use cache_core::{CacheModel, GeoPoint};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index(sortable)]
    at: GeoPoint,
}

fn main() {}
