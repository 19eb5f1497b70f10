//! F4: holders that are killed (SIGKILL): another one holds soon, and nothing is left behind.

use std::time::Duration;

use cache_tests::dice::Dice;

use crate::case::{Found, Profile};
use crate::event::Stalls;
use crate::judge;
use crate::lanes;
use crate::pauses::BODY;
use crate::place::{Place, TTL};
use crate::stage::Stage;
use crate::system::Rules;
use crate::team::Team;
use crate::worker::{Body, Role};

const PROCESSES: u32 = 3;

/// Works that outlive the ttl are what the rules of the original do not survive: every second one is.
const LONG: Body = Body { long_in: 2, ..BODY };

pub(crate) async fn ours(profile: Profile) -> Found {
    lanes::run(4, profile.pick(200, 2_000), move |lane, kills| killed(Rules::Ours, profile.seed, lane, kills))
        .await
}

pub(crate) async fn control(profile: Profile) -> Found {
    lanes::run(2, profile.pick(16, 100), move |lane, kills| {
        killed(Rules::Original, profile.seed, lane, kills)
    })
    .await
}

async fn killed(rules: Rules, seed: u64, lane: u32, kills: u32) -> Found {
    let stage = Stage::new().await;
    let (place, stalls) = (Place::new(&stage.url()).await, Stalls::of_process());
    let body = if rules == Rules::Ours { BODY } else { LONG };
    let mut dice = Dice::lane(seed ^ 4, u64::from(lane));
    let mut team = Team::start(Role::new(rules, &place, body), PROCESSES).await;
    for _ in 0..kills {
        let mut who = team.won().await;
        if dice.below(2) == 0 {
            // This one is let go on.
            who = team.won().await;
        }
        tokio::time::sleep(Duration::from_millis(dice.below(80))).await;
        team.replace(who, who + PROCESSES);
    }
    // Whoever was there when the last one died.
    team.won().await;
    let events = team.finish().await;
    let mut found = Found { terms: judge::wins(&events), faults: u64::from(kills), ..Found::default() };
    found.violations.extend(judge::i1(&place.resource.taken().await));
    found.violations.extend(judge::i2(&events));
    found.violations.extend(stage.i3(&place).await);
    found.violations.extend(judge::i4(&events, TTL, &stalls));
    found.violations.extend(judge::i6(&events, TTL, true));
    if rules == Rules::Ours {
        found.violations.extend(judge::i9(&events));
    }
    found.violations.extend(judge::failures(&events));
    found.violations.extend(place.i8(TTL * 2).await);
    found
}
