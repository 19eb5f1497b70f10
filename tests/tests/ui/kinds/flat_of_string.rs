//! Neither a shape nor a vector is flat.

use cache_core::{CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index(flat)]
    city: String,
}

fn main() {}
