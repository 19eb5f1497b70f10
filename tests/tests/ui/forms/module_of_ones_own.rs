//! What a module of one's own writes is not known.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: String,
    #[index]
    #[serde(with = "as_text")]
    age: i64,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(age: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(age)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn main() {}
