//! The rights that a cluster's connections need beside: two masters, each with the user.

use std::collections::BTreeSet;

use cache_core::acl::Feature;
use cache_core::{Cache, CacheModel, Protocol, RedisSettings};
use cache_tests::chain;
use cache_tests::cluster::Nodes;

use crate::models::Note;
use crate::scenarios::{Done, note};
use crate::stage::{Ran, refused, words};

/// The row is of connections, and documents are what is sent on them.
const WITH: [Feature; 2] = [Feature::Cluster, Feature::Documents];

/// How many documents there are: some in each master's slots.
const NOTES: u32 = 20;

/// It makes indexes, which is refused here: the nodes search their own documents alone.
const OF_INDEXES: &str = "+ft._createifnx";

/// As for other features.
pub(crate) async fn is_least() {
    let (nodes, mut wrong) = (Nodes::start(2, 0).await, Vec::new());
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let Ran { outcome, refused, .. } = run(&nodes, protocol, None).await;
        if outcome.is_err() || !refused.is_empty() {
            wrong.push(format!("{protocol:?}: {outcome:?}, refused: {refused:?}"));
        }
        for rule in Feature::Cluster.needed().iter().map(|command| format!("+{command}")) {
            let ran = run(&nodes, protocol, Some(&rule)).await;
            let fails = ran.misses(&rule) && ran.outcome.is_err();
            if fails == (rule == OF_INDEXES) {
                wrong.push(format!(
                    "{protocol:?} without {rule}: {:?}, refused: {:?}",
                    ran.outcome, ran.refused
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn run(nodes: &Nodes, protocol: Protocol, without: Option<&str>) -> Ran {
    let line: Vec<_> = words(&WITH).filter(|word| Some(word.as_str()) != without).collect();
    let line: Vec<_> = line.iter().map(String::as_str).chain([">p"]).collect();
    for at in 0..nodes.count() {
        for words in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"], &["ACL", "LOG", "RESET"], &line] {
            nodes.say(at, words).await;
        }
    }
    let outcome = scenario(nodes, protocol).await.map_err(|error| chain(&*error));
    let mut all = BTreeSet::new();
    for at in 0..nodes.count() {
        all.extend(refused(nodes.say(at, &["ACL", "LOG", "128"]).await));
    }
    Ran { outcome, refused: all }
}

async fn scenario(nodes: &Nodes, protocol: Protocol) -> Done {
    let url = nodes.url(0).replace("redis://", "redis://app:p@");
    let cache = Cache::connect(RedisSettings::new(url).protocol(protocol)).await?.project("shop");
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
