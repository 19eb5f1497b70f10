//! A view reads something.

use cache_core::{CacheEmbedded, CacheModel, CacheView};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Place {
    #[index]
    city: String,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    score: Option<f64>,
    #[embedded]
    home: Place,
    #[embedded]
    places: Vec<Place>,
}

#[derive(Deserialize, CacheView)]
#[cache(model = User)]
struct Card {
    #[serde(skip)]
    id: String,
}

fn main() {}
