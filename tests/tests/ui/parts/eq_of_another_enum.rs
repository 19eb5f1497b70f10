//! An enum is compared with itself.

use cache_core::{CacheModel, CacheValue};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheValue)]
enum Role {
    Reader,
}

#[derive(Serialize, Deserialize, CacheValue)]
enum Colour {
    Red,
}

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    role: Role,
}

fn main() {
    let _ = User::ROLE.eq(Colour::Red);
}
