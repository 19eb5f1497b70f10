//! F6: the gate's server loses its data while the gate is held: `FLUSHALL`, and restarts of a server that saves nothing.

use std::time::Duration;

use cache_core::embedded::Server;
use cache_tests::dice::Dice;

use crate::case::{Found, Profile};
use crate::event::Stalls;
use crate::judge;
use crate::pauses::BODY;
use crate::place::{Place, TTL};
use crate::system::{Rules, lock_key};
use crate::team::Team;
use crate::witness::Witness;
use crate::worker::Role;

/// How the server loses its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Flush,
    Restart,
}

pub(crate) async fn flushed(profile: Profile) -> Found {
    lost(Rules::Ours, Loss::Flush, profile.seed, profile.pick(70, 700)).await
}

pub(crate) async fn restarted(profile: Profile) -> Found {
    lost(Rules::Ours, Loss::Restart, profile.seed, profile.pick(30, 300)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    lost(Rules::Original, Loss::Flush, profile.seed, profile.pick(10, 100)).await
}

pub(crate) async fn restarts_control(profile: Profile) -> Found {
    lost(Rules::Original, Loss::Restart, profile.seed, profile.pick(10, 100)).await
}

async fn lost(rules: Rules, loss: Loss, seed: u64, losses: u32) -> Found {
    let server = cache_tests::private_server().await;
    let (place, stalls) = (Place::new(&server.url()).await, Stalls::of_process());
    let witness = Witness::of(server.socket()).await;
    let mut dice = Dice::lane(seed, 6 + loss as u64);
    let team = Team::start(Role::new(rules, &place, BODY), 3).await;
    for _ in 0..losses {
        team.won().await;
        tokio::time::sleep(Duration::from_millis(dice.below(90))).await;
        lose(loss, &server, &place).await;
    }
    team.won().await;
    let events = team.finish().await;
    let mut found = Found { terms: judge::wins(&events), faults: u64::from(losses), ..Found::default() };
    found.note("late effects refused", judge::refused(&events));
    found.violations.extend(judge::i1(&place.resource.taken().await));
    if rules == Rules::Ours {
        // Renewed every third of the ttl; while the server is away, the lease's own time runs out.
        let until_told = if loss == Loss::Flush { TTL / 3 + TTL / 10 * 3 } else { TTL };
        found.violations.extend(judge::i2_within(&events, until_told, &stalls));
        found.violations.extend(judge::i9(&events));
    }
    found.violations.extend(judge::i6(&events, TTL, false));
    if loss == Loss::Flush {
        found.violations.extend(witness.i3(&place.cache, &lock_key(&place.project)).await);
    }
    found.violations.extend(judge::failures(&events));
    found.violations.extend(place.i8(TTL).await);
    found
}

async fn lose(loss: Loss, server: &Server, place: &Place) {
    if loss == Loss::Flush {
        place.say(&["FLUSHALL"]).await;
    } else if let Err(error) = server.restart().await {
        panic!("no restart: {error}");
    }
}
