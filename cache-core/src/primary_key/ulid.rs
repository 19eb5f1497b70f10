//! `ulid::Ulid` as a primary key, made when the value is made: `Ulid::new()`, which sorts by time.

use super::PrimaryKey;

impl PrimaryKey for ::ulid::Ulid {}
