//! How shapes lie is asked of shapes.

use cache_core::{CacheModel, GeoPoint, GeoShape};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    at: GeoPoint,
}

fn main() {
    let shape: GeoShape = "POINT(1 1)".parse().unwrap();
    let _ = Place::AT.within(&shape);
}
