//! Migrations of documents with unique values: claims follow the values.

use cache_core::{Cache, CacheModel, DataMigration};
use cache_tests::live;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "account")]
struct OldAccount {
    #[primary_key]
    id: u32,
    #[unique]
    email: String,
    #[serde(default)]
    #[version]
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "account", schema_version = 2)]
struct Account {
    #[primary_key]
    id: u32,
    #[unique]
    email: String,
    #[serde(default)]
    #[version]
    version: u64,
}

fn lower(document: &mut Map<String, Value>) -> Result<(), String> {
    let email = document.get("email").and_then(Value::as_str).ok_or("no email")?.to_lowercase();
    document.insert("email".into(), email.into());
    Ok(())
}

async fn claims_follow_their_values(cache: Cache) {
    for (id, email) in [(1, "ANN@x.org"), (2, "bob@x.org"), (3, "BOB@x.org"), (4, "eve@x.org")] {
        let _ = OldAccount { id, email: email.into(), version: 0 }.save(&cache).await.unwrap();
    }
    let stale = OldAccount::get(&cache, 1).await.unwrap().unwrap();
    let migration = DataMigration::<Account>::new().step(2, "lower-case emails", lower);
    let report = migration.run(&cache).await.unwrap();
    // Of two that become the same, whichever comes first, one keeps its value.
    assert_eq!((report.migrated, report.failed), (3, 1), "{report:?}");
    assert!(report.failures[0].reason.is_not_unique(), "{report:?}");
    let ann = Account::get_by_email(&cache, "ann@x.org").await.unwrap().unwrap();
    assert_eq!((ann.id, ann.version), (1, 2), "a step counts as a write");
    assert!(stale.save(&cache).await.unwrap_err().is_version_conflict());
    assert_eq!(Account::get_by_email(&cache, "ANN@x.org").await.unwrap(), None);
    let new = |id, email: &str| Account { id, email: email.into(), version: 0 };
    assert!(new(9, "ann@x.org").save(&cache).await.unwrap_err().is_not_unique());
    assert!(new(9, "ANN@x.org").save(&cache).await.is_ok(), "the old value is free");
    assert!(Account::delete_by_id(&cache, 3).await.unwrap());
    assert!(migration.run(&cache).await.unwrap().is_complete());
    assert_eq!(Account::get_by_email(&cache, "bob@x.org").await.unwrap().unwrap().id, 2);
}

live! {
    claims_follow_their_values,
}
