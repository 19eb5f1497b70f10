//! A model can come out of a `macro_rules!` macro.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub)]

use cache_core::{CacheModel, IndexSchema};
use serde::{Deserialize, Serialize};

macro_rules! model {
    ($vis:vis $name:ident, $prefix:literal, $ttl:expr, { $($field:ident: $type:ty),* }) => {
        #[derive(Serialize, Deserialize, CacheModel)]
        #[cache(prefix = $prefix, ttl = $ttl, crate = cache_core)]
        $vis struct $name {
            #[primary_key]
            id: String,
            $(#[index] $field: $type,)*
        }
    };
}

model!(pub(crate) User, "macro:user", "5m", { email: String, ages: Vec<u8> });

#[test]
fn is_accepted() {
    let _ = User::find_by_email("ann").filter(User::AGES.gt(3));
    assert_eq!(<User as IndexSchema>::schema().prefix(), "macro:user");
}
