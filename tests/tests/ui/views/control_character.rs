//! The paths of the server have no control characters.

use cache_core::{CacheModel, CacheView};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    name: String,
    #[serde(rename = "new\nline")]
    line: String,
}

#[derive(Deserialize, CacheView)]
#[cache(model = User)]
struct Card {
    line: String,
}

fn main() {}
