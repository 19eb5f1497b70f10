//! What is selected is a view.

use cache_core::{CacheEmbedded, CacheModel};
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

struct Card;

fn main() {
    let _ = User::find().select::<Card>();
}
