//! C7: what a service leaves on its Redis ends by itself, but for what must not.

use cache_core::Cache;
use serde_json::json;

use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, PATIENCE, Start};
use crate::original::Original;
use crate::redis::{patient, say};

/// What stays by design: fences of gates, their generations that are done, and what migrators know.
fn stays(key: &str) -> bool {
    let gates = ["}:f", "}:done", "}:done:every"];
    let migrators = [":migrations", ":leases", ":extending", ":compared"];
    gates.iter().any(|end| key.ends_with(end))
        || (key.contains(":~") && (migrators.iter().any(|end| key.ends_with(end)) || key.contains(":made:")))
}

/// Every key of the server that lives for ever and should not.
async fn immortal(cache: &Cache, found: &mut Found) {
    let (mut cursor, mut seen) = ("0".to_owned(), 0);
    loop {
        let answer = say(cache, &["SCAN", &cursor, "COUNT", "500"]).await;
        let mut items = answer.into_items().unwrap_or_default().into_iter();
        cursor = items.next().and_then(|cursor| cursor.as_str().map(str::to_owned)).unwrap_or_default();
        for key in items.next().and_then(|keys| keys.into_items().ok()).unwrap_or_default() {
            let key = key.as_str().unwrap_or_default().to_owned();
            let ttl = say(cache, &["PTTL", &key]).await.as_int().unwrap_or_default();
            seen += 1;
            found.check(ttl != -1 || stays(&key), || format!("C7: {key} has no end"));
        }
        if cursor == "0" {
            break;
        }
    }
    found.note("keys", seen);
    found.runs += seen;
}

pub(crate) async fn ours(_: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let admin = patient(&server.url()).await;
    let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
    fleet.gets_ready(&mut found).await;
    let seeded = fleet.all("/", PATIENCE, |page| page.status == 200 && page.body.contains(" of 90</span>"));
    found.check(seeded.await.is_some(), || "nobody seeded".to_owned());
    let settings =
        json!({ "title": "New", "accent": "teal", "page_size": 7, "support": "help@acme.example" });
    for host in [HOST, "globex.example:443", "WWW.initech.example.", "nobody.example", "'", "", "\u{7f}"] {
        for path in ["/", "/tenant_settings", "/healthcheck"] {
            let _ = fleet.anywhere.get(path, host).await;
        }
        let _ = fleet.anywhere.post("/tenant_settings", host, &settings).await;
        let _ = fleet.anywhere.get("/tenant_settings", host).await;
    }
    immortal(&admin, &mut found).await;
    found
}

pub(crate) async fn control(_: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let original = Original::boot(&server.url()).await;
    let read = original.read(1, async || 7).await;
    found.check(read.is_ok(), || format!("{read:?}"));
    immortal(&original.cache, &mut found).await;
    found
}
