//! C7 and C8: releases whose settings have other members share a server, and what is stored there is an error to none.

use cache_core::tenant::{MemoryStore, TenantSettings};
use cache_core::{Cache, CacheModel, Command};
use cache_tests::dice::Dice;
use serde::{Deserialize, Serialize};

use crate::case::{Found, Profile};
use crate::redis::{patient, say};

/// Settings of the release before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Old {
    title: String,
    size: u32,
}

/// Those of this one: one member more, and another of another type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct New {
    title: String,
    size: Vec<u32>,
    colour: String,
}

/// What a row is where it is read as what it should be.
#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "tenant_settings")]
struct Row {
    #[primary_key]
    tenant: String,
    settings: Old,
}

const OLD: &str = "default: { title: none, size: 1 }\nacme: { title: Acme }";
const NEW: &str = "default: { title: none, size: [1], colour: teal }\nacme: { title: Acme }";

/// What may be found under a key: of another release, of another program, or of nobody's.
const LEFT: [&str; 8] = [
    r#"{"tenant":"acme","v":99,"basis":"","revision":7,"settings":{"title":"x","size":"x"}}"#,
    r#"{"tenant":"acme","v":1,"basis":"0","revision":null,"settings":{}}"#,
    r#"{"tenant":"acme","title":"of the original"}"#,
    r#"{"tenant":7}"#,
    "[]",
    "null",
    "\"text\"",
    "{}",
];

/// The keys that tenants' settings have.
async fn keys(cache: &Cache) -> Vec<String> {
    let keys = say(cache, &["KEYS", "*tenant_settings*"]).await.into_items().unwrap_or_default();
    keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

/// Leaves something under a key.
async fn leave(cache: &Cache, key: &str, dice: &mut Dice) {
    let text = LEFT.get(dice.below(LEFT.len() as u64) as usize).copied().unwrap_or_default();
    say(cache, &["DEL", key]).await;
    if dice.below(4) == 0 {
        // Not even JSON of the server's.
        say(cache, &["SET", key, text, "PX", "60000"]).await;
    } else {
        let set = Command::new("JSON.SET").key(key).arg("$").arg(text);
        cache.command(set).await.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error)));
    }
}

pub(crate) async fn ours(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let cache = patient(&server.url()).await.project("releases");
    let mut dice = Dice::new(profile.seed);
    let store = MemoryStore::new();
    let old = TenantSettings::<Old>::builder(&cache).yaml_text(OLD).store(store.clone());
    let new = TenantSettings::<New>::builder(&cache).yaml_text(NEW).store(store);
    let (old, new) = match (old.build().await, new.build().await) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => panic!("{:?} {:?}", old.err(), new.err()),
    };
    let expected_old = Old { title: "Acme".to_owned(), size: 1 };
    let expected_new = New { title: "Acme".to_owned(), size: vec![1], colour: "teal".to_owned() };
    for round in 0..profile.pick(100, 1_000) {
        found.runs += 1;
        for _ in 0..4 {
            if dice.below(2) == 0 {
                let read = old.get("acme").await;
                found.check(read.as_ref().is_ok_and(|read| *read == expected_old), || {
                    format!("C8: {round}: {read:?}")
                });
            } else {
                let read = new.get("acme").await;
                found.check(read.as_ref().is_ok_and(|read| *read == expected_new), || {
                    format!("C8: {round}: {read:?}")
                });
            }
        }
        for key in keys(&cache).await {
            if dice.below(2) == 0 {
                found.faults += 1;
                leave(&cache, &key, &mut dice).await;
            }
        }
    }
    found
}

/// Read as what it should be.
pub(crate) async fn control(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let cache = patient(&server.url()).await.project("releases");
    let mut dice = Dice::new(profile.seed);
    for _ in 0..20 {
        found.runs += 1;
        found.faults += 1;
        leave(&cache, "releases:cache:tenant_settings:acme", &mut dice).await;
        let read = Row::get(&cache, "acme").await;
        found.check(read.is_ok(), || format!("C8: {read:?}"));
    }
    found
}
