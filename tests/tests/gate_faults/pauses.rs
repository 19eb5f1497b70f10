//! F3: holders that are stopped (SIGSTOP) for up to two ttls, and a resource that asks for the fence.

use std::time::Duration;

use cache_tests::dice::Dice;

use crate::case::{Found, Profile};
use crate::event::micros;
use crate::judge;
use crate::lanes;
use crate::place::{Place, TTL};
use crate::stage::Stage;
use crate::system::Rules;
use crate::team::Team;
use crate::worker::{Body, Role};

/// Works of 70 ms, and one in five of one and a half ttls.
pub(crate) const BODY: Body = Body { effects: 12, every: 6, long_in: 5, counts: false };

pub(crate) async fn ours(profile: Profile) -> Found {
    lanes::run(4, profile.pick(200, 2_000), move |lane, pauses| {
        paused(Rules::Ours, profile.seed, lane, pauses)
    })
    .await
}

pub(crate) async fn control(profile: Profile) -> Found {
    lanes::run(2, profile.pick(16, 100), move |lane, pauses| {
        paused(Rules::Original, profile.seed, lane, pauses)
    })
    .await
}

async fn paused(rules: Rules, seed: u64, lane: u32, pauses: u32) -> Found {
    let stage = Stage::new().await;
    let place = Place::new(&stage.url()).await;
    let mut dice = Dice::lane(seed, u64::from(lane));
    let team = Team::start(Role::new(rules, &place, BODY), 3).await;
    for _ in 0..pauses {
        let who = team.won().await;
        tokio::time::sleep(Duration::from_millis(dice.below(60))).await;
        team.pause(who, Duration::from_micros(dice.below(2 * micros(TTL)))).await;
    }
    let events = team.finish().await;
    let mut found = Found { terms: judge::wins(&events), faults: u64::from(pauses), ..Found::default() };
    found.note("late effects refused", judge::refused(&events));
    found.violations.extend(judge::i1(&place.resource.taken().await));
    found.violations.extend(judge::i2(&events));
    found.violations.extend(stage.i3(&place).await);
    found.violations.extend(judge::i6(&events, TTL, true));
    if rules == Rules::Ours {
        found.violations.extend(judge::i9(&events));
    }
    found.violations.extend(judge::failures(&events));
    found.violations.extend(place.i8(TTL).await);
    found
}
