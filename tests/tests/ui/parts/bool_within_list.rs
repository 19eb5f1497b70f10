//! The server takes one `bool` a document and field.

use cache_core::{CacheEmbedded, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Answer {
    #[index]
    yes: bool,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u64,
    #[embedded]
    answers: Vec<Answer>,
}

fn main() {}
