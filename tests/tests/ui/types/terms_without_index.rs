//! A model without an index has no words to tell of.

use cache_core::{CacheModel, Terms};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    bio: String,
}

fn main() {
    let _ = User::spell_check("helo wrld");
}
