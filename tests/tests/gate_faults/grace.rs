//! I5: after a clean end the key stays for the grace, and after an error it goes.

use std::time::Duration;

use cache_core::GateError;

use crate::case::{Found, Profile};
use crate::event::{Log, Stalls, What, now};
use crate::judge;
use crate::lanes;
use crate::place::{Place, TTL};
use crate::stage::Stage;
use crate::system::{Door, Rules};

/// How long the key stays.
const GRACE: Duration = Duration::from_millis(150);

/// How soon whoever waits looks when the key is due, on a machine that does much else.
const POLL: Duration = Duration::from_millis(60);

pub(crate) async fn ours(profile: Profile) -> Found {
    lanes::run(5, profile.pick(50, 500), |_, rounds| ended(Rules::Ours, rounds)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    lanes::run(2, profile.pick(8, 50), |_, rounds| ended(Rules::Original, rounds)).await
}

async fn ended(rules: Rules, rounds: u32) -> Found {
    let stage = Stage::new().await;
    let (place, stalls) = (Place::new(&stage.url()).await, Stalls::of_process());
    let (first, second) = (place.connect(&place.url).await, place.connect(&place.url).await);
    let (door, next) = (Door::new(rules, &first, TTL).grace(GRACE), Door::new(rules, &second, TTL));
    let (clean, failed) = (Log::new(), Log::new());
    for round in 0..rounds {
        let fails = round % 2 == 1;
        let log = if fails { &failed } else { &clean };
        if !run(&door, log, fails).await {
            continue;
        }
        let asked = now();
        let Ok(Some(hold)) = next.lock(TTL * 20).await else { continue };
        log.say(1, What::Won { owner: hold.owner().to_owned(), fence: hold.fence(), asked });
        let _ = hold.release().await;
    }
    let mut found = Found::default();
    found.violations.extend(judge::i5(&clean.events(), GRACE, POLL, &stalls));
    // Of the polls none is left out: nobody says that the key goes.
    found.violations.extend(judge::i5(&failed.events(), Duration::ZERO, POLL, &stalls));
    found.violations.extend(stage.i3(&place).await);
    found.terms = judge::wins(&clean.events()) + judge::wins(&failed.events());
    found
}

/// Runs a work that succeeds, or fails.
async fn run(door: &Door, log: &Log, fails: bool) -> bool {
    let result = if fails { Err(GateError::NoProject) } else { Ok(()) };
    let mut asked = 0;
    if door.rules == Rules::Ours {
        let mut owner = String::new();
        let _ = door
            .gate
            .run(&door.cache, async |lease| {
                lease.token().clone_into(&mut owner);
                asked = now();
                result
            })
            .await;
        let owned = !owner.is_empty();
        log.say(0, What::Released { owner, asked, owned });
        return owned;
    }
    let Ok(Some(hold)) = door.try_lock().await else { return false };
    let (owner, asked) = (hold.owner().to_owned(), now());
    // What the work answers makes no difference.
    let _ = hold.release().await;
    log.say(0, What::Released { owner, asked, owned: true });
    true
}
