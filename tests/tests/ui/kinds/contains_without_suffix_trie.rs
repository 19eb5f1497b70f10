//! The ends of words must be indexed; those of tags need not.

use cache_core::{CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index(text)]
    name: String,
    #[index]
    kind: String,
}

fn main() {
    let _ = Place::KIND.contains("ing");
    let _ = Place::NAME.contains("ing");
}
