//! A module for `#[serde(with = …)]` may pass a form on, and hold whatever else, under any name.

#![allow(dead_code)]

use cache_core::{CacheEmbedded, CacheModel};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

mod millis {
    pub use cache_core::epoch_millis::*;

    pub struct User;
    pub struct DateTime;
    pub struct Utc;
}

#[derive(Serialize, Deserialize, CacheModel)]
pub struct User {
    #[primary_key]
    id: String,
    #[index(sortable)]
    #[index(numeric, name = "created_number")]
    #[serde(with = "millis")]
    created: DateTime<Utc>,
    #[embedded]
    part: Part,
}

#[derive(Serialize, Deserialize, CacheEmbedded)]
pub struct Part {
    #[index]
    #[serde(with = "self::millis")]
    changed: Option<DateTime<Utc>>,
}

#[test]
fn is_accepted() {
    let _ = User::CREATED.gt(DateTime::UNIX_EPOCH) & User::PART.changed.lt(DateTime::UNIX_EPOCH);
    let _ = User::find_by_created_number(DateTime::<Utc>::UNIX_EPOCH..);
}
