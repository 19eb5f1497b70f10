//! F2: releases and renewals that come when the key has expired and another holds it. It is left alone.

use std::time::Duration;

use cache_core::testkit::{Direction, Fault, Proxy};

use crate::case::{Found, Profile};
use crate::lanes;
use crate::place::{Place, TTL};
use crate::stage::Stage;
use crate::system::{Door, Hold, Rules, gate};

const LANES: u32 = 10;

/// How long the successor holds.
const LONG: Duration = Duration::from_secs(10);

/// Too short for anything but to expire.
const SHORT: Duration = Duration::from_millis(100);

pub(crate) async fn ours(profile: Profile) -> Found {
    let mut found =
        lanes::run(LANES, profile.pick(100, 1_000), |_, rounds| released_late(Rules::Ours, rounds)).await;
    found.add(lanes::run(LANES, profile.pick(100, 1_000), |_, rounds| renewed_late(rounds)).await);
    found
}

pub(crate) async fn control(profile: Profile) -> Found {
    lanes::run(LANES, profile.pick(20, 100), |_, rounds| released_late(Rules::Original, rounds)).await
}

async fn released_late(rules: Rules, rounds: u32) -> Found {
    let stage = Stage::new().await;
    let place = Place::new(&stage.url()).await;
    let (first, second) = (place.connect(&place.url).await, place.connect(&place.url).await);
    let mut found = Found::default();
    for _ in 0..rounds {
        let early = Door { gate: gate(SHORT).renew(false), ..Door::new(rules, &first, SHORT) };
        let late = won(&early).await;
        found.check(place.gone_within(SHORT * 20).await, || "F2: a key without renewal stays".to_owned());
        let next = won(&Door::new(rules, &second, LONG)).await;
        let owned = late.release().await;
        found.check(matches!(owned, Ok(false)), || format!("F2: a release after the expiry says {owned:?}"));
        untouched(&place, &next, &mut found).await;
        found.terms += 2;
        found.faults += 1;
        let _ = next.release().await;
        // What the original has deleted, nobody deletes twice.
        place.say(&["DEL", &place.key()]).await;
    }
    found.violations.extend(stage.i3(&place).await);
    found
}

/// The renewal is on its way while the key expires.
async fn renewed_late(rounds: u32) -> Found {
    let stage = Stage::new().await;
    let place = Place::new(&stage.url()).await;
    let proxy = Proxy::start(&place.url).await.unwrap();
    let (slow, second) = (place.connect(&proxy.url()).await, place.connect(&place.url).await);
    let mut found = Found::default();
    // The server knows the scripts: a renewal that it has to be taught first would come in two parts.
    let known = won(&Door::new(Rules::Ours, &second, TTL)).await;
    while second.gate_counts().renewed == 0 {
        tokio::time::sleep(TTL / 10).await;
    }
    let _ = known.release().await;
    let (mut tried, mut undelivered) = (0_u64, 0);
    while found.faults < u64::from(rounds) {
        tried += 1;
        let failed = slow.gate_counts().renewals_failed;
        let late = won(&Door::new(Rules::Ours, &slow, TTL)).await;
        proxy.plan(|chunk| (chunk.direction == Direction::ToServer).then_some(Fault::Delay(TTL + TTL / 6)));
        found.check(place.gone_within(TTL * 10).await, || "F2: a key stays without its renewal".to_owned());
        let next = won(&Door::new(Rules::Ours, &second, LONG)).await;
        // A connection that the holder has given up may end before what is under way on it gets through: a round without the
        // fault, and another one is made.
        let arrived = stage.has_run(late.owner(), 2).await;
        let asked = slow.gate_counts().renewals_failed - failed;
        undelivered += u32::from(!arrived);
        found.check(arrived || undelivered <= rounds / 10 + 1, || {
            format!(
                "F2: {undelivered} of {tried} late renewals never arrived, of {asked} that were asked for"
            )
        });
        untouched(&place, &next, &mut found).await;
        found.check(!late.check(), || "F2: it finds that it holds after the expiry".to_owned());
        proxy.calm();
        let owned = late.release().await;
        found.check(matches!(owned, Ok(false)), || format!("F2: a release after the expiry says {owned:?}"));
        untouched(&place, &next, &mut found).await;
        let owned = next.release().await;
        found.check(matches!(owned, Ok(true)), || format!("F2: the successor's release says {owned:?}"));
        found.terms += 2;
        found.faults += u64::from(arrived);
        // What was given up is not waited for by the next round.
        proxy.reset_all();
        let _ = slow.ping().await;
        if undelivered > rounds / 10 + 1 {
            break;
        }
    }
    let lost = slow.gate_counts().lost;
    found.check(lost == tried, || format!("F2: {lost} of {tried} losses are counted"));
    found.violations.extend(stage.i3(&place).await);
    found
}

async fn won(door: &Door) -> Hold {
    let won = door.lock(TTL * 20).await;
    won.ok().flatten().unwrap_or_else(|| panic!("nobody holds it, and it is not won"))
}

async fn untouched(place: &Place, next: &Hold, found: &mut Found) {
    let (holder, left) = (place.holder().await, place.left().await);
    found.check(holder.as_deref() == Some(next.owner()), || {
        format!("F2: the successor's key holds {holder:?}")
    });
    let enough = LONG.as_millis() as i64 / 2;
    found.check(left > enough || holder.is_none(), || format!("F2: the successor's key has {left} ms"));
}
