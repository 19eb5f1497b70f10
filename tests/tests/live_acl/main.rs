//! The least rights: a user who has exactly those of a feature runs it, and whoever lacks one of them is refused something.
//!
//! What was refused is what the server wrote down in its `ACL LOG`, or what the migrator says that it would refuse.

/// A step that does not do what it should is one that failed: with too few rights it may.
macro_rules! ensure {
    ($step:expr) => {
        if !$step {
            return Err(concat!("not so: ", stringify!($step)).into());
        }
    };
}

mod gates;
mod models;
mod scenarios;
mod several;
mod stage;

use std::collections::BTreeSet;

use cache_core::Protocol;
use cache_core::acl::Feature;
use cache_tests::clients::is_fred;
use stage::{Ran, Stage};

/// Tries a feature with all of its rights, and with all but one, one after the other.
async fn is_least(feature: Feature) {
    if feature == Feature::Cluster {
        return several::is_least().await;
    }
    // A server for each protocol: some scenarios mostly wait.
    let (resp3, resp2) = (Stage::new().await, Stage::new().await);
    let both = async |without: Option<&str>| {
        let resp3 = resp3.run(feature, Protocol::Resp3, without);
        let (resp3, resp2) = tokio::join!(resp3, resp2.run(feature, Protocol::Resp2, without));
        [(Protocol::Resp3, resp3), (Protocol::Resp2, resp2)]
    };
    let mut wrong = Vec::new();
    for (protocol, Ran { outcome, refused }) in both(None).await {
        if outcome.is_err() || !refused.is_empty() {
            wrong.push(format!("{protocol:?}: {outcome:?}, refused: {refused:?}"));
        }
    }
    let rules: BTreeSet<String> = resp3.rules(feature);
    assert!(!rules.is_empty());
    for rule in rules {
        let is_helpful = feature.helpful().iter().any(|command| rule == format!("+{command}"));
        let (mut missed, mut failed) = (false, false);
        for (_, ran) in both(Some(&rule)).await {
            missed |= ran.misses(&rule);
            failed |= ran.outcome.is_err();
        }
        if is_of_the_other_client(feature, &rule) {
            if missed || failed {
                wrong.push(format!("{rule} is needed through this client too"));
            }
        } else if !missed && !is_asked_by_newer(feature, &rule) && !is_asked_beside(feature, &rule) {
            wrong.push(format!("without {rule} nothing is refused"));
        } else if missed && rule.starts_with('+') && failed == is_helpful {
            wrong.push(format!("without {rule} it {}", if failed { "fails" } else { "works" }));
        }
    }
    assert!(wrong.is_empty(), "{feature:?}\n{}", wrong.join("\n"));
}

/// RediSearch 8 asks for the keys of documents, 2.10 for the index's name alone.
fn is_asked_by_newer(feature: Feature, rule: &str) -> bool {
    use Feature::{Aggregations, Explain, Synonyms, Terms};
    rule == "~{shop:cache:offer}:*" && matches!(feature, Aggregations | Explain | Synonyms | Terms)
}

/// What only the client sends that was not chosen: through fred nothing tells of changes, and through the other one lists need
/// no transaction.
fn is_of_the_other_client(feature: Feature, rule: &str) -> bool {
    use Feature::{Connection, DataMigrations, Dictionaries, Near};
    match rule {
        _ if feature == Near => is_fred(),
        "+client|caching" => is_fred(),
        "+client|setinfo" | "+client|tracking" | "+command|info" => feature == Connection && is_fred(),
        "+multi" | "+exec" => matches!(feature, DataMigrations | Dictionaries) && !is_fred(),
        _ => false,
    }
}

/// The index is compared beside a change of synonyms, which may end before. What is there and not in an index is asked about
/// in a transaction; here nothing is.
fn is_asked_beside(feature: Feature, rule: &str) -> bool {
    use Feature::{Aggregations, Queries, Synonyms, Terms};
    if ["+exists", "+multi", "+exec"].contains(&rule) {
        return matches!(feature, Aggregations | Queries | Synonyms | Terms);
    }
    const BESIDE: [&str; 6] = ["+ft.search", "+hget", "+evalsha", "+eval", "+scan", "+info"];
    feature == Feature::Synonyms && BESIDE.contains(&rule)
}

macro_rules! least {
    ($($test:ident: $feature:ident),* $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            is_least(Feature::$feature).await;
        })*

        #[test]
        fn each_feature_is_tried() {
            assert_eq!(Feature::all().collect::<Vec<_>>(), [$(Feature::$feature),*]);
        }
    };
}

least! {
    connection: Connection,
    database: Database,
    client_name: ClientName,
    documents: Documents,
    expiry: Expiry,
    unique_values: UniqueValues,
    patches: Patches,
    upgrades: Upgrades,
    queries: Queries,
    aggregations: Aggregations,
    explain: Explain,
    terms: Terms,
    synonyms: Synonyms,
    dictionaries: Dictionaries,
    suggestions: Suggestions,
    migrator: Migrator,
    data_migrations: DataMigrations,
    gate: Gate,
    durability: Durability,
    fences: Fences,
    load: Load,
    tenants: Tenants,
    near: Near,
    cluster: Cluster,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn features_on_a_cluster() {
    several::is_enough().await;
}
