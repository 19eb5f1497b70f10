//! Gates: all that is of one is in one slot, on whichever node.

use std::time::Duration;

use cache_core::{
    Batch, Cache, CacheModel, Command, Durability, Error, Gate, GateError, OnceOutcome, Outcome, Reply,
};
use cache_tests::chain;
use cache_tests::cluster::Nodes;
use futures_util::future::join_all;

use crate::case::Place;
use crate::models::plain;

/// How long it is waited for replicas: longer than one that is there takes.
const REPLICAS: Duration = Duration::from_millis(500);

pub(crate) async fn one_slot(place: Place) {
    let (cache, other) = (place.cache().await, place.cache().await);
    for n in 0..12 {
        let gate = Gate::new(format!("gate {n}")).ttl(Duration::from_secs(30));
        let lease = gate.try_lock(&cache).await.unwrap().unwrap();
        assert!(gate.try_lock(&other).await.unwrap().is_none());
        let waiting = tokio::spawn({
            let (gate, other) = (gate.clone(), other.clone());
            async move { gate.lock(&other).wait(Duration::from_secs(20)).await }
        });
        assert!(lease.check().is_ok());
        let fenced = lease.fenced(&cache).unwrap();
        let _ = plain(n).save(&fenced).await.unwrap();
        let fence = lease.fence();
        lease.release().await;
        let next = waiting.await.unwrap().unwrap().unwrap();
        assert!(next.fence() > fence);
        let _ = plain(n).save(&next.fenced(&other).unwrap()).await.unwrap();
        assert!(plain(n).save(&fenced).await.unwrap_err().is_fenced());
        next.release().await;
        let runs = (0..8).map(|_| gate.run(&cache, async |_| Ok::<_, GateError>(())));
        let ran = join_all(runs)
            .await
            .into_iter()
            .filter(|outcome| matches!(outcome, Ok(Outcome::Ran(()))))
            .count();
        assert!(ran >= 1);
    }
    let seed = Gate::new("seed");
    let once =
        async || seed.once("1").run_or_wait(&cache, Duration::ZERO, async |_| Ok::<_, GateError>(())).await;
    assert!(matches!(once().await, Ok(OnceOutcome::Ran(()))));
    assert!(matches!(once().await, Ok(OnceOutcome::AlreadyDone)));
}

/// `WAIT` is about the replicas of the master that has the key, wherever that is, and about no others.
pub(crate) async fn durable(place: Place) {
    let nodes = Nodes::start(3, 1).await;
    // Through a node that has few of the gates.
    let cache = place.through(&nodes, 2).await;
    let bare = cache.command(Command::new("WAIT").args_from(["1", "10"])).await.unwrap_err();
    assert!(matches!(bare, Error::Unsupported { .. }), "{}", chain(&bare));
    for master in 0..3 {
        let gate = gate_of(&nodes, &place.project, master).await;
        let gate = gate.durability(Durability::Wait { replicas: 1, timeout: REPLICAS });
        let lease = gate.try_lock(&cache).await.unwrap();
        lease.unwrap_or_else(|| panic!("the replica of {master} has it")).release().await;
        // Its replica, and no other one, hears nothing.
        nodes.server(3 + master).pause().await.unwrap();
        assert!(gate.try_lock(&cache).await.unwrap().is_none(), "no replica of {master} has it");
        let pair = [master, (master + 1) % 3];
        assert_eq!(
            had_by_replicas(&nodes, &cache, &place.project, pair).await,
            [Some(0), Some(1)],
            "{pair:?}"
        );
        if master == 1 {
            follows(&nodes, &cache, &place.project).await;
        }
        nodes.server(3 + master).resume().await.unwrap();
    }
}

/// How many replicas have each of two keys, which are written and asked for in one batch.
async fn had_by_replicas(nodes: &Nodes, cache: &Cache, project: &str, masters: [u16; 2]) -> Vec<Option<i64>> {
    let mut batch = Vec::new();
    for master in masters {
        let (key, _) = key_of(nodes, master, |n| format!("{project}:pair {n}")).await;
        batch.push(Command::new("SET").key(&key).arg("1"));
        batch.push(Command::new("WAIT").arg("1").arg_display(REPLICAS.as_millis()));
    }
    let answers = cache.batch(Batch::pipeline(batch)).await.unwrap();
    answers.into_iter().skip(1).step_by(2).map(|answer| answer.unwrap().as_int()).collect()
}

/// A key of the first master that is about to be the second one's, whose replica hears nothing: it is written there, and so it is
/// asked there who has it.
async fn follows(nodes: &Nodes, cache: &Cache, project: &str) {
    let (key, slot) = key_of(nodes, 0, |n| format!("{project}:key {n}")).await;
    let written = async || {
        let set = Command::new("SET").key(&key).arg("1");
        let wait = Command::new("WAIT").arg("1").arg_display(REPLICAS.as_millis());
        let answers = cache.connection().send_all(Batch::pipeline(vec![set, wait])).await.unwrap();
        answers.into_iter().map(Result::unwrap).next_back()
    };
    assert_eq!(written().await, Some(Reply::Int(1)), "the first one's replica has it");
    nodes.move_keys(slot, 0, 1).await;
    assert_eq!(written().await, Some(Reply::Int(0)), "the second one's has it not");
    nodes.move_slot(slot, 0, 1).await;
    assert_eq!(written().await, Some(Reply::Int(0)), "nor when the slot is the second one's");
}

async fn gate_of(nodes: &Nodes, project: &str, master: u16) -> Gate {
    let (key, _) = key_of(nodes, master, |n| format!("{project}:durable {n}:leader")).await;
    let name = key.split(':').nth(1).unwrap_or_default();
    Gate::new(name).ttl(Duration::from_secs(30))
}

/// The first of these keys that is in the slots of this master, and its slot.
async fn key_of(nodes: &Nodes, master: u16, named: impl Fn(u32) -> String) -> (String, u16) {
    for n in 0.. {
        let key = named(n);
        let slot = nodes.say(0, &["CLUSTER", "KEYSLOT", &key]).await.as_int();
        let slot = slot.and_then(|slot| u16::try_from(slot).ok()).unwrap_or_default();
        if nodes.slots(master).contains(&slot) {
            return (key, slot);
        }
    }
    unreachable!("every master has some")
}
