//! What is only sorted by cannot be searched.

use cache_core::{CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    city: String,
    #[index(sortable, no_index)]
    shelf: u32,
}

fn main() {
    let _ = Place::SHELF.eq(3);
}
