//! Only texts sound like something.

use cache_core::{CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct Place {
    #[primary_key]
    id: String,
    #[index(text, phonetic = "en")]
    age: u8,
}

fn main() {}
