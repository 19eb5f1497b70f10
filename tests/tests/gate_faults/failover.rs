//! F7: the primary fails, and a replica that lags behind takes its place.
//!
//! Without waiting for replicas two can hold at once, and the fence tells them apart. With [`Durability::Wait`] nobody holds
//! whom no replica knows.

use std::sync::Arc;
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::testkit::Proxy;
use cache_core::{Cache, Durability, GateError, Outcome};

use crate::case::{Found, Profile};
use crate::event::{Log, What, now};
use crate::judge;
use crate::lanes;
use crate::place::{Place, TTL, patient, say};
use crate::system::{Door, Hold, Rules, gate};

const PAIRS: u32 = 3;

/// How long the gate waits for replicas.
const WAIT: Durability = Durability::Wait { replicas: 1, timeout: Duration::from_millis(100) };

/// A primary and its replica. Clients reach the one that is primary now through `front`; the replica reaches the primary
/// through `link`.
struct Pair {
    primary: Server,
    replica: Server,
    front: Proxy,
    link: Proxy,
    to_replica: Cache,
    place: Place,
}

pub(crate) async fn local(profile: Profile) -> Found {
    lanes::run(PAIRS, profile.pick(50, 500), |_, rounds| fail_over(Rules::Ours, rounds)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    lanes::run(1, profile.pick(4, 20), |_, rounds| fail_over(Rules::Original, rounds)).await
}

pub(crate) async fn wait(profile: Profile) -> Found {
    lanes::run(PAIRS, profile.pick(50, 500), |_, rounds| acknowledged(Rules::Ours, rounds)).await
}

pub(crate) async fn wait_control(profile: Profile) -> Found {
    lanes::run(1, profile.pick(4, 20), |_, rounds| acknowledged(Rules::Original, rounds)).await
}

impl Pair {
    async fn start() -> Self {
        let server = async || {
            let options = Server::options().tcp(true).arg("--repl-diskless-sync-delay").arg("0");
            options.start().await.unwrap_or_else(|error| panic!("{error}"))
        };
        let (primary, replica) = (server().await, server().await);
        let (front, link) =
            (Proxy::start(&primary.url()).await.unwrap(), Proxy::start(&primary.url()).await.unwrap());
        let to_replica = patient(&replica.url()).await;
        let mut place = Place::new(&primary.url()).await;
        place.url = front.url();
        let pair = Self { primary, replica, front, link, to_replica, place };
        pair.follow().await;
        pair
    }

    /// The replica is one again, and has what the primary has.
    async fn follow(&self) {
        self.link.calm();
        self.link.reset_all();
        say(&self.to_replica, &["REPLICAOF", "127.0.0.1", &self.link.port().to_string()]).await;
        for _ in 0..2_000 {
            let info = say(&self.to_replica, &["INFO", "replication"]).await;
            if info.as_str().is_some_and(|info| info.contains("master_link_status:up")) {
                self.front.redirect(&self.primary.url()).unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the replica does not follow");
    }

    /// The replica hears nothing of the primary any more.
    fn partition(&self) {
        self.link.plan(|_| Some(cache_core::testkit::Fault::Silence));
    }

    /// The replica is the primary now, for clients too.
    async fn promote(&self) {
        say(&self.to_replica, &["REPLICAOF", "NO", "ONE"]).await;
        self.front.redirect(&self.replica.url()).unwrap();
    }

    /// Two services.
    async fn services(&self) -> (Cache, Cache) {
        (self.place.connect(&self.place.url).await, self.place.connect(&self.place.url).await)
    }
}

/// One holds, and the other one asks the promoted replica that knows nothing of it.
async fn fail_over(rules: Rules, rounds: u32) -> Found {
    let pair = Pair::start().await;
    let (one, other) = pair.services().await;
    let (first, second) = (Door::new(rules, &one, TTL), Door::new(rules, &other, TTL));
    let (log, mut found) = (Log::new(), Found::default());
    for _ in 0..rounds {
        pair.partition();
        let held = won(&first, 0, &log).await;
        effect(&pair.place, &log, 0, &held).await;
        pair.promote().await;
        let next = won(&second, 1, &log).await;
        found.note("double grants without a wait for replicas", u64::from(held.check()));
        for _ in 0..6 {
            effect(&pair.place, &log, 1, &next).await;
            if held.check() {
                effect(&pair.place, &log, 0, &held).await;
            }
            tokio::time::sleep(TTL / 20).await;
        }
        let _ = (held.release().await, next.release().await);
        pair.follow().await;
        found.faults += 1;
    }
    let events = log.events();
    found.terms = judge::wins(&events);
    found.note("late effects refused", judge::refused(&events));
    found.violations.extend(judge::i1(&pair.place.resource.taken().await));
    found.violations.extend(judge::i6(&events, TTL, false));
    found.violations.extend(judge::failures(&events));
    if rules == Rules::Ours {
        found.violations.extend(judge::i9(&events));
    }
    found
}

/// In one round of two the replica lags, and nobody may hold; in the other it follows, and it knows the holder.
async fn acknowledged(rules: Rules, rounds: u32) -> Found {
    let pair = Pair::start().await;
    let (one, other) = pair.services().await;
    let door = |cache: &Cache| {
        let door = Door::new(rules, cache, TTL);
        Door { gate: gate(TTL).durability(WAIT), ..door }
    };
    let (first, local) = (door(&one), Door::new(rules, &other, TTL));
    let (log, mut found) = (Log::new(), Found::default());
    for round in 0..rounds {
        let lags = round % 2 == 0;
        if lags {
            pair.partition();
        }
        // What the round before left on its connections is no fault of this one.
        let _ = (one.ping().await, other.ping().await);
        pair.place.gone_within(TTL * 2).await;
        let asked = now();
        let work = async |held: Hold| {
            log.say(0, What::Won { owner: held.owner().to_owned(), fence: held.fence(), asked });
            held.listen(&log, 0);
            effect(&pair.place, &log, 0, &held).await;
            pair.promote().await;
            // It is known there: nobody else has it while it is held.
            let early = local.try_lock().await;
            let both = matches!(early, Ok(Some(_))) && held.check();
            (held, both)
        };
        let ran = if rules == Rules::Ours {
            let run = first.gate.run(&one, async |lease| Ok::<_, GateError>(work(Hold::Ours(lease)).await.1));
            run.await
        } else {
            let (held, both) = work(won(&first, 0, &log).await).await;
            held.release().await.map(|_| Outcome::Ran(both))
        };
        match (ran, lags) {
            (Ok(Outcome::NotDurable { acknowledged: 0, wanted: 1 }), true) => {
                found.note("grants refused without a replica", 1);
                let gone = pair.place.gone_within(TTL / 2).await;
                found.check(gone, || "F7: a key stays that was not granted".to_owned());
                pair.promote().await;
                let next = won(&local, 1, &log).await;
                effect(&pair.place, &log, 1, &next).await;
                let _ = next.release().await;
            }
            (Ok(Outcome::Ran(both) | Outcome::Lost(Some(both))), _) => {
                found.check(!lags, || "F7: granted, and no replica knows of it".to_owned());
                found.check(!both, || "F7: two hold at once, though a replica knew".to_owned());
                found.note("grants that a replica knew", u64::from(!lags));
            }
            (other, _) => found.check(false, || format!("F7: lags {lags}, and {other:?}")),
        }
        pair.follow().await;
        found.faults += 1;
    }
    let events = log.events();
    found.terms = judge::wins(&events) + u64::from(rounds.div_ceil(2));
    found.violations.extend(judge::i1(&pair.place.resource.taken().await));
    found.violations.extend(judge::i2(&events));
    if rules == Rules::Ours {
        found.violations.extend(judge::i9(&events));
    }
    found
}

async fn won(door: &Door, who: u32, log: &Arc<Log>) -> Hold {
    for _ in 0..20 {
        let asked = now();
        if let Ok(Some(hold)) = door.lock(TTL * 10).await {
            log.say(who, What::Won { owner: hold.owner().to_owned(), fence: hold.fence(), asked });
            hold.listen(log, who);
            return hold;
        }
        // The connections were reset a moment ago.
        tokio::time::sleep(TTL / 30).await;
    }
    panic!("the gate is not won after a failover");
}

/// An effect of a holder that finds that it holds.
async fn effect(place: &Place, log: &Log, who: u32, held: &Hold) {
    let (owner, fence, checked) = (held.owner().to_owned(), held.fence(), now());
    if !held.check() {
        return log.say(who, What::Over { owner });
    }
    match place.resource.effect(&owner, fence).await {
        Ok(taken) => log.say(who, What::Effect { owner, fence, checked, taken }),
        Err(error) => log.say(who, What::Failed(cache_tests::chain(&error))),
    }
}
