//! F5, by chance: whatever a network does to the connections of three processes, at any moment.

use std::time::Duration;

use cache_core::testkit::{Odds, Proxy};

use crate::case::{Found, Profile};
use crate::event::What;
use crate::judge;
use crate::pauses::BODY;
use crate::place::{Place, TTL};
use crate::stage::Stage;
use crate::system::Rules;
use crate::team::Team;
use crate::worker::Role;

/// Of a thousand chunks, of which a term has some ten.
const ODDS: Odds = Odds { delay: (150, Duration::from_millis(60)), reset: 20, silence: 5, truncate: 20 };

pub(crate) async fn ours(profile: Profile) -> Found {
    storm(Rules::Ours, profile.seed, profile.pick(100, 1_000)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    storm(Rules::Original, profile.seed, profile.pick(20, 100)).await
}

async fn storm(rules: Rules, seed: u64, wins: u32) -> Found {
    let stage = Stage::new().await;
    let place = Place::new(&stage.url()).await;
    let proxy = Proxy::start(&place.url).await.unwrap();
    let role = Role { url: proxy.url(), ..Role::new(rules, &place, BODY) };
    let team = Team::start(role, 3).await;
    proxy.dice(seed, ODDS);
    let mut from = 0;
    for _ in 0..wins {
        (from, ()) = team.log.wait(from, |event| matches!(event.what, What::Won { .. }).then_some(())).await;
    }
    let injected = proxy.injected();
    proxy.calm();
    proxy.reset_all();
    let events = team.finish().await;
    let mut found = Found { terms: judge::wins(&events), faults: injected, ..Found::default() };
    found.check(injected > 0, || "nothing was injected".to_owned());
    found.note("late effects refused", judge::refused(&events));
    found.violations.extend(judge::i1(&place.resource.taken().await));
    found.violations.extend(judge::i2(&events));
    found.violations.extend(stage.i3(&place).await);
    found.violations.extend(judge::i6(&events, TTL, true));
    if rules == Rules::Ours {
        found.violations.extend(judge::i9(&events));
    }
    found.violations.extend(judge::failures(&events));
    found.violations.extend(place.i8(TTL * 2).await);
    found
}
