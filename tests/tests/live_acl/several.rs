//! The rights that a cluster's connections need beside: two masters, each with the user.

use std::collections::BTreeSet;
use std::time::Duration;

use cache_core::acl::Feature;
use cache_core::{Cache, CacheModel, Protocol, RedisSettings};
use cache_tests::clients::is_fred;
use cache_tests::cluster::Nodes;
use cache_tests::{chain, connect, connect_with};

use crate::models::Note;
use crate::scenarios::{self, Done, note};
use crate::stage::{Ran, but_for_config, refused, with_below, words};

/// The row is of connections, and documents are what is sent on them.
const WITH: [Feature; 2] = [Feature::Cluster, Feature::Documents];

/// What works where nodes search their own documents alone.
const EVERYWHERE: [Feature; 11] = [
    Feature::Documents,
    Feature::Expiry,
    Feature::UniqueValues,
    Feature::Patches,
    Feature::Upgrades,
    Feature::Suggestions,
    Feature::Gate,
    Feature::Durability,
    Feature::Fences,
    Feature::Load,
    Feature::Tenants,
];

/// How many documents there are: some in each master's slots.
const NOTES: u32 = 20;

/// As for other features.
pub(crate) async fn is_least() {
    let (nodes, mut wrong) = (Nodes::start(2, 0).await, Vec::new());
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let Ran { outcome, refused } =
            run(&nodes, &WITH, None, async || scenario(&nodes, protocol).await).await;
        if outcome.is_err() || !refused.is_empty() {
            wrong.push(format!("{protocol:?}: {outcome:?}, refused: {refused:?}"));
        }
        for rule in Feature::Cluster.helpful().iter().map(|command| format!("+{command}")) {
            let ran = run(&nodes, &WITH, Some(&rule), async || scenario(&nodes, protocol).await).await;
            // The other client asks in another way, which every connection may.
            if ran.misses(&rule) != is_fred() || ran.outcome.is_err() {
                wrong.push(format!(
                    "{protocol:?} without {rule}: {:?}, refused: {:?}",
                    ran.outcome, ran.refused
                ));
            }
        }
        for rule in Feature::Cluster.needed().iter().map(|command| format!("+{command}")) {
            let ran = run(&nodes, &WITH, Some(&rule), async || scenario(&nodes, protocol).await).await;
            if !ran.misses(&rule) || ran.outcome.is_ok() {
                wrong.push(format!(
                    "{protocol:?} without {rule}: {:?}, refused: {:?}",
                    ran.outcome, ran.refused
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each feature that a cluster has without a coordinator, as a user with its rights and those of the row alone.
pub(crate) async fn is_enough() {
    let (nodes, mut wrong) = (Nodes::start(2, 0).await, Vec::new());
    let admin = connect(&nodes.url(0), Protocol::Resp3).await.project("shop");
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        for feature in EVERYWHERE {
            let with = [&with_below(feature)[..], &[Feature::Cluster]].concat();
            let ran = run(&nodes, &with, None, async || {
                scenarios::prepare(feature, &admin).await?;
                // What was prepared with scripts is no help.
                for at in 0..nodes.count() {
                    nodes.say(at, &["SCRIPT", "FLUSH"]).await;
                }
                let cache = reached(&nodes, protocol).await?;
                let outcome = scenarios::run(feature, &cache, &admin).await;
                let _ = cache.shutdown(Duration::from_secs(1)).await;
                outcome
            });
            let Ran { outcome, refused } = ran.await;
            if outcome.is_err() || !refused.is_empty() {
                wrong.push(format!("{protocol:?} {feature:?}: {outcome:?}, refused: {refused:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs something on empty nodes, on which the user has all rights of these features but for this one.
async fn run(
    nodes: &Nodes,
    with: &[Feature],
    without: Option<&str>,
    scenario: impl AsyncFnOnce() -> Done,
) -> Ran {
    let line: Vec<_> = words(with).filter(|word| Some(word.as_str()) != without).collect();
    let line: Vec<_> = line.iter().map(String::as_str).chain([">p"]).collect();
    for at in 0..nodes.count() {
        for words in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"], &["ACL", "LOG", "RESET"], &line] {
            nodes.say(at, words).await;
        }
    }
    let outcome = scenario().await.map_err(|error| chain(&*error));
    let mut all = BTreeSet::new();
    for at in 0..nodes.count() {
        all.extend(refused(nodes.say(at, &["ACL", "LOG", "128"]).await));
    }
    Ran { outcome, refused: but_for_config(with, all) }
}

async fn reached(nodes: &Nodes, protocol: Protocol) -> cache_core::Result<Cache> {
    let url = nodes.url(0).replace("redis://", "redis://app:p@");
    Ok(connect_with(RedisSettings::new(url).protocol(protocol)).await?.project("shop"))
}

async fn scenario(nodes: &Nodes, protocol: Protocol) -> Done {
    let cache = reached(nodes, protocol).await?;
    ensure!(cache.capabilities().cluster);
    for saved in Note::save_many(&cache, (0..NOTES).map(note)).await {
        let _ = saved?;
    }
    ensure!(Note::count_all(&cache).await? == u64::from(NOTES));
    // One of the first master, which is about to be the second one's.
    let (id, slot) = of_the_first(nodes).await?;
    nodes.move_keys(slot, 0, 1).await;
    let found = Note::get(&cache, id).await;
    nodes.move_slot(slot, 0, 1).await;
    nodes.move_slot(slot, 1, 0).await;
    ensure!(found? == Some(note(id)));
    Ok(())
}

async fn of_the_first(nodes: &Nodes) -> Result<(u32, u16), String> {
    for id in 0..NOTES {
        let slot = nodes.say(0, &["CLUSTER", "KEYSLOT", &format!("shop:cache:note:{id}")]).await;
        let slot = slot.as_int().and_then(|slot| u16::try_from(slot).ok()).ok_or("no slot")?;
        if nodes.slots(0).contains(&slot) {
            return Ok((id, slot));
        }
    }
    Err("none is the first master's".to_owned())
}
