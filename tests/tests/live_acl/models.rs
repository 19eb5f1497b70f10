//! The models of the scenarios.

use std::convert::Infallible;

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
pub(crate) struct Note {
    #[primary_key]
    pub(crate) id: u32,
    pub(crate) text: String,
}

/// In the other layout of keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(hash_tag)]
pub(crate) struct Tagged {
    #[primary_key]
    pub(crate) id: u32,
    #[version]
    pub(crate) version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "10m")]
pub(crate) struct Session {
    #[primary_key]
    pub(crate) id: u32,
    pub(crate) user: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
pub(crate) struct Account {
    #[primary_key]
    pub(crate) id: u32,
    #[unique]
    pub(crate) email: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
pub(crate) struct Basket {
    #[primary_key]
    pub(crate) id: u32,
    pub(crate) articles: Vec<String>,
    pub(crate) count: u64,
    pub(crate) weight: f64,
    pub(crate) note: Option<String>,
}

/// In the other layout of keys, too: its index has another name than its documents begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(hash_tag)]
pub(crate) struct Offer {
    #[primary_key]
    pub(crate) id: u32,
    #[index(sortable)]
    pub(crate) category: String,
    #[index(sortable)]
    pub(crate) price: u32,
    #[index(text)]
    pub(crate) title: String,
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "form")]
pub(crate) struct OldForm {
    #[primary_key]
    pub(crate) id: u32,
    pub(crate) name: String,
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "form", schema_version = 2, upgrade = upgraded)]
pub(crate) struct Form {
    #[primary_key]
    pub(crate) id: u32,
    pub(crate) title: String,
}

pub(crate) fn upgraded(_from: u32, members: &mut Map<String, Value>) -> Result<(), Infallible> {
    renamed(members)
}

pub(crate) fn renamed(members: &mut Map<String, Value>) -> Result<(), Infallible> {
    if let Some(name) = members.remove("name") {
        members.insert("title".to_owned(), name);
    }
    Ok(())
}
