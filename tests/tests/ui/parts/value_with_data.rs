//! An indexed enum has only names.

use cache_core::CacheValue;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheValue)]
enum Role {
    Reader,
    Editor { since: u64 },
}

fn main() {}
