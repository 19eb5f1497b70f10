//! The fields of an embedded struct have paths of some length.

use cache_core::CacheEmbedded;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Node {
    #[index]
    name: String,
    #[embedded]
    children: Vec<Node>,
}

fn main() {}
