//! Points are not compared for equality.

use cache_core::{CacheModel, GeoPoint};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    at: GeoPoint,
}

fn main() {
    let _ = Place::AT.eq(GeoPoint::new(0.0, 0.0).unwrap());
}
