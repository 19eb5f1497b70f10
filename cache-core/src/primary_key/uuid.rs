//! `uuid::Uuid` as a primary key, made when the value is made: `Uuid::now_v7()`, which sorts by time, or `Uuid::new_v4()`.

use super::PrimaryKey;

impl PrimaryKey for ::uuid::Uuid {}
