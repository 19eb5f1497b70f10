//! An embedded struct has named fields.

use cache_core::CacheEmbedded;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEmbedded)]
struct Address(String);

fn main() {}
