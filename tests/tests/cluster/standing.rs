//! A slot whose move stands still: what is refused for it was not done, and says what to do; caches and gates that may do without
//! do, and all other slots go on.

use std::time::Duration;

use cache_core::{
    Batch, CacheModel, Command, Degrade, Error, ErrorClass, Gate, GateError, OnUnavailable, Outcome,
    RedisSettings, ServerErrorKind,
};
use cache_tests::cluster::Nodes;
use cache_tests::{chain, connect_with, degrade};
use futures_util::future::join_all;

use crate::case::Place;
use crate::models::{Plain, Seat, plain};

/// How long a call follows a slot.
const DEADLINE: Duration = Duration::from_millis(400);

/// As many failures in a row as open a circuit, and one.
const SEATS: u32 = 6;

fn seat(id: u32) -> Seat {
    Seat { id, name: format!("name {id}"), round: 0 }
}

/// Which of both a node says last is chance: the one that has the slot still sends on, and the one that is to have it says to wait.
fn is_refused(error: &Error) {
    let kinds = [Some(ServerErrorKind::Moving), Some(ServerErrorKind::Moved)];
    assert!(kinds.contains(&error.server_kind()), "{}", chain(error));
    assert!(error.is_unavailable() && error.to_string().contains("nothing was done"), "{}", chain(error));
    assert_eq!(ErrorClass::of(error), ErrorClass::Unavailable);
}

pub(crate) async fn is_done_without(place: Place) {
    let nodes = Nodes::start(2, 0).await;
    let settings = || {
        let settings = RedisSettings::new(nodes.url(0)).protocol(place.protocol);
        settings.response_timeout(DEADLINE)
    };
    let cache = connect_with(settings()).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let cache = cache.project(&place.project);
    let lenient = degrade(Degrade::new().entry_timeout(DEADLINE), settings()).await.unwrap();
    let lenient = lenient.project(&place.project);
    let _ = seat(0).save(&cache).await.unwrap();
    let key = format!("{{{}:seat}}:0", cache.keyspace().unwrap().global());
    assert_eq!(cache.command(Command::new("EXISTS").key(&key)).await.unwrap().as_int(), Some(1), "{key}");
    let seats = begins_to_move(&nodes, &key).await;

    // Scripts, which need all of their keys.
    let saves = (1..=SEATS).map(|id| {
        let cache = cache.clone();
        async move { seat(id).save(&cache).await }
    });
    for saved in join_all(saves).await {
        is_refused(&saved.unwrap_err());
    }
    // Transactions, which cannot follow.
    let push = || Command::new("RPUSH").key(format!("{key}:list")).arg("x");
    let error = cache.batch(Batch::atomic(vec![push(), push()])).await.unwrap_err();
    is_refused(&error);
    // A command with one key follows.
    assert_eq!(Seat::get(&cache, 0).await.unwrap(), Some(seat(0)));

    // Who may do without does, and goes on with all that is elsewhere.
    let saves = (1..=SEATS).map(|id| {
        let lenient = lenient.clone();
        async move { seat(id).save(&lenient).await }
    });
    for saved in join_all(saves).await {
        assert!(!saved.unwrap().stored());
    }
    assert!(lenient.is_enabled() && cache.is_enabled());
    assert!(plain(1).save(&lenient).await.unwrap().stored());
    assert_eq!(Plain::get(&cache, 1).await.unwrap(), Some(plain(1)));

    let gate = Gate::new("job").ttl(Duration::from_secs(30));
    let leader = format!("{}:job:leader", place.project);
    let job = begins_to_move(&nodes, &leader).await;
    let run = async |gate: Gate| gate.run(&cache, async |lease| Ok::<_, GateError>(lease.is_leased())).await;
    let skipped = run(gate.clone()).await;
    assert!(matches!(&skipped, Ok(Outcome::Unavailable(_))), "{skipped:?}");
    let unleased = run(gate.clone().on_unavailable(OnUnavailable::RunUnleased)).await;
    assert!(matches!(unleased, Ok(Outcome::Ran(false))), "{unleased:?}");
    assert!(run(gate.clone().on_unavailable(OnUnavailable::Fail)).await.is_err());

    // Nothing of it was done, and all of it can be when the slots have moved.
    for (slot, from, to) in [seats, job] {
        nodes.move_slot(slot, from, to).await;
    }
    assert_eq!(Seat::get_many(&cache, 0..=SEATS).await.unwrap().iter().flatten().count(), 1);
    assert_eq!(cache.batch(Batch::atomic(vec![push(), push()])).await.unwrap().len(), 2);
    let length = cache.command(Command::new("LLEN").key(format!("{key}:list"))).await.unwrap();
    assert_eq!(length.as_int(), Some(2));
    for id in 1..=SEATS {
        assert!(seat(id).save(&lenient).await.unwrap().stored());
    }
    let ran = run(gate).await;
    assert!(matches!(ran, Ok(Outcome::Ran(true))), "{ran:?}");
}

/// Begins to move the slot of a key, and goes no further than its keys; which slot, from where, and where to.
async fn begins_to_move(nodes: &Nodes, key: &str) -> (u16, u16, u16) {
    let slot = nodes.say(0, &["CLUSTER", "KEYSLOT", key]).await.as_int();
    let slot = slot.and_then(|slot| u16::try_from(slot).ok()).unwrap_or_default();
    let from = u16::from(!nodes.slots(0).contains(&slot));
    nodes.move_keys(slot, from, 1 - from).await;
    (slot, from, 1 - from)
}
