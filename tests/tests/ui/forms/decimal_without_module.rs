//! serde writes a decimal as a text, to which 1.0 and 1.00 are two.

use cache_core::CacheModel;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    balance: Decimal,
}

fn main() {}
