//! Distance is asked of points.

use cache_core::{CacheModel, Distance, GeoPoint};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    city: String,
}

fn main() {
    let center = GeoPoint::new(0.0, 0.0).unwrap();
    let _ = Place::CITY.within_radius(center, Distance::meters(1.0));
}
