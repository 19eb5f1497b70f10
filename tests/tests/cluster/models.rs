//! What is stored.

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "note")]
pub(crate) struct Note {
    #[primary_key]
    pub(crate) id: u32,
    #[index]
    pub(crate) text: String,
    #[serde(default)]
    #[version]
    pub(crate) version: u64,
}

pub(crate) fn note(id: u32) -> Note {
    Note { id, text: format!("text {id}"), version: 0 }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "plain", ttl = "5m")]
pub(crate) struct Plain {
    #[primary_key]
    pub(crate) id: u32,
    pub(crate) text: String,
}

pub(crate) fn plain(id: u32) -> Plain {
    Plain { id, text: format!("text {id}") }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "named")]
pub(crate) struct Named {
    #[primary_key]
    pub(crate) id: u32,
    #[unique]
    pub(crate) name: String,
}

/// All of them on one slot, with what says who has which name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "seat", hash_tag)]
pub(crate) struct Seat {
    #[primary_key]
    pub(crate) id: u32,
    #[unique]
    pub(crate) name: String,
    pub(crate) round: u32,
}
