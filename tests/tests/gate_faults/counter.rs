//! F1: processes that add to one counter by reading, waiting and writing. No update is lost.

use crate::case::{Found, Profile};
use crate::event::What;
use crate::judge;
use crate::place::Place;
use crate::stage::Stage;
use crate::system::Rules;
use crate::team::Team;
use crate::worker::{Body, Role};

const PROCESSES: u32 = 8;

pub(crate) async fn ours(profile: Profile) -> Found {
    count(Rules::Ours, profile.pick(800, 20_000)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    count(Rules::Original, profile.pick(80, 800)).await
}

async fn count(rules: Rules, bodies: u32) -> Found {
    let stage = Stage::new().await;
    let place = Place::new(&stage.url()).await;
    // Some outlast the ttl: nothing is injected, and it is no fault that a work is long.
    let long_in = if rules == Rules::Ours { 40 } else { 8 };
    let body = Body { effects: 1, every: 2, long_in, counts: true };
    let role = Role { terms: bodies.div_ceil(PROCESSES), ..Role::new(rules, &place, body) };
    let events = Team::start(role, PROCESSES).await.finish().await;
    let (written, counted) = (judge::effects(&events), place.resource.counted().await);
    let mut found = Found { terms: judge::wins(&events), ..Found::default() };
    found.check(counted >= written, || format!("F1: {} of {written} updates are lost", written - counted));
    found.check(written >= u64::from(bodies), || format!("F1: {written} of {bodies} bodies wrote"));
    let lost = events.iter().filter(|event| matches!(event.what, What::Told { .. })).count() as u64;
    found.check(lost >= found.terms || rules == Rules::Original, || {
        "F1: not all were told the end".to_owned()
    });
    found.violations.extend(judge::i2(&events));
    found.violations.extend(stage.i3(&place).await);
    found.violations.extend(judge::failures(&events));
    found.violations.extend(place.i8(crate::place::TTL).await);
    found
}
