//! Documents that the new index cannot take: the alias stays, readers of the old one lose nothing, and a key is named.

use std::sync::Arc;

use cache_tests::dice::Dice;

use crate::case::{Found, Profile};
use crate::log::Known;
use crate::place::Place;
use crate::reading::{self, Traffic};
use crate::release::Release;
use crate::system::{Setup, System};

/// How many documents there are.
const DOCUMENTS: u32 = 1_000;

/// Some documents have an age that is no number: release one does not index it, release two does.
async fn trials(system: System, trials: u32, seed: u64) -> Found {
    let server = cache_tests::private_server().await;
    let (mut found, mut dice) = (Found::default(), Dice::new(seed));
    for _ in 0..trials {
        let place = Place::new(&server).await;
        place.fill(DOCUMENTS).await;
        let known = Known::new(DOCUMENTS);
        let count = DOCUMENTS / 100 * (1 + dice.below(5) as u32);
        let first = dice.below(u64::from(DOCUMENTS)) as u32;
        let poisoned: Vec<u32> = (0..count).map(|n| (first + n * 7) % DOCUMENTS).collect();
        let key = |id: &u32| format!("{}:user:{id}", place.namespace);
        for id in &poisoned {
            place.say(&["JSON.SET", &key(id), "$.age", "\"old\""]).await;
        }
        place.settle(system).await;
        let mut traffic = Traffic::new(system, &place, &known).await.calmly();
        traffic.read(Release::One);

        let cache = if system == System::Ours { place.again().await } else { place.plain().await };
        let boot = async |allows| {
            let setup = Setup { allows, ..Setup::default() };
            system.boot_with(Release::Two, &cache, setup, Arc::new(|_| {})).await
        };
        let mut wrong = Vec::new();
        let booted = boot(0).await;
        found.faults += u64::from(count);
        match &booted {
            Ok(booted) => wrong.push(format!("{count} documents cannot be in the index, and {booted:?}")),
            Err(error) if poisoned.iter().any(|id| error.contains(&format!("`{}`", key(id)))) => {}
            Err(error) => wrong.push(format!("no key is named: {error}")),
        }
        if system == System::Ours {
            if place.alias().await != Some(place.index(Release::One)) {
                wrong.push(format!("the alias moved to {:?}", place.alias().await));
            }
            // Who lets them be missing gets the index, and answers that say so.
            match boot(u64::from(count)).await {
                Ok(booted) if booted.missing == u64::from(count) => {}
                other => wrong.push(format!("{count} may be missing: {other:?}")),
            }
            let tally = reading::some(
                (system, Release::Two),
                4,
                &cache,
                &Known { base: DOCUMENTS, ..Known::default() },
            )
            .await;
            if tally.lies() > 0 || tally.incomplete < tally.answers {
                wrong.push(format!("answers do not say that documents are missing: {tally:?}"));
            }
            found.judged += tally.answers;
        }
        for id in &poisoned {
            place.say(&["JSON.SET", &key(id), "$.age", &(id % 90).to_string()]).await;
        }
        let mended = boot(0).await;
        if mended.as_ref().map_or(true, |booted| booted.missing > 0) {
            wrong.push(format!("after mending: {mended:?}"));
        }
        let tally = traffic.end().await;
        if tally.violations() > 0 {
            wrong.push(format!("{tally:?}"));
        }
        if system == System::Ours {
            let left = place.planned(Release::Two, Setup::default()).await;
            if left > 0 || place.alias().await != Some(place.index(Release::Two)) {
                wrong.push(format!("{left} steps are left, the alias is at {:?}", place.alias().await));
            }
        }
        found.runs += 1;
        found.judged += tally.answers;
        found.violations += wrong.len() as u64;
        for wrong in wrong {
            println!("  {system:?}, {count} poisoned: {wrong}");
        }
        place.say(&["FLUSHALL"]).await;
    }
    found
}

pub(crate) async fn ours(profile: Profile) -> Found {
    trials(System::Ours, profile.pick(20, 200), profile.seed).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    trials(System::DropAndCreate, profile.pick(2, 20), profile.seed).await
}
