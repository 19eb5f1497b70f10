//! Another index of a field has a name.

use cache_core::{CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index]
    #[index(text)]
    name: String,
}

fn main() {}
