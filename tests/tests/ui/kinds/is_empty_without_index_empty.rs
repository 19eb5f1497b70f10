//! Empty texts must be indexed.

use cache_core::{CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index(text)]
    name: String,
}

fn main() {
    let _ = Place::NAME.is_empty();
}
