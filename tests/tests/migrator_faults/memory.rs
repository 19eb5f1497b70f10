//! Too little memory, and fillings that were given up: what holds a part is not taken for the whole.

use std::sync::Arc;

use cache_tests::dice::Dice;

use crate::case::{Found, Profile};
use crate::log::Known;
use crate::place::Place;
use crate::reading;
use crate::release::Release;
use crate::system::{self, Booted, Setup, System};

/// How many documents there are.
const DOCUMENTS: u32 = 2_000;

async fn boot(system: System, place: &Place) -> (cache_core::Cache, Result<Booted, String>) {
    let cache = if system == System::Ours { place.again().await } else { place.plain().await };
    let booted = system.boot_with(Release::Three, &cache, Setup::default(), Arc::new(|_| {})).await;
    (cache, booted)
}

/// Whoever boots is ready with everything, or told that it is not.
async fn judge(system: System, place: &Place, found: &mut Found) -> Result<Booted, String> {
    let (cache, booted) = boot(system, place).await;
    if booted.is_ok() {
        let tally = reading::some(
            (system, Release::Three),
            4,
            &cache,
            &Known { base: DOCUMENTS, ..Known::default() },
        )
        .await;
        if tally.lies() > 0 {
            println!("  {system:?}: {booted:?}, and then {tally:?}");
        }
        found.judged += tally.answers;
        found.violations += tally.lies();
    } else {
        found.judged += 1;
    }
    booted
}

/// Under `maxmemory` with `noeviction`, a little above what is used. Whatever comes of the boot, the release before is
/// answered as if nothing had been.
async fn too_little(system: System, trials: u32, seed: u64) -> Found {
    let server = cache_tests::private_server().await;
    let (mut found, mut dice) = (Found::default(), Dice::new(seed));
    for _ in 0..trials {
        let place = Place::new(&server).await;
        place.fill(DOCUMENTS).await;
        place.settle(system).await;
        place.say(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
        let info = place.say(&["INFO", "memory"]).await;
        let used =
            info.as_str().and_then(|info| info.split("used_memory:").nth(1)?.lines().next()?.parse().ok());
        let used: u64 = used.unwrap_or_else(|| panic!("no used_memory"));
        let most = used + dice.below(1 << 20);
        place.say(&["CONFIG", "SET", "maxmemory", &most.to_string()]).await;
        let booted = judge(system, &place, &mut found).await;
        found.faults += u64::from(booted.is_err());
        let cache = if system == System::Ours { place.again().await } else { place.plain().await };
        let known = Known { base: DOCUMENTS, ..Known::default() };
        let tally = reading::some((system, Release::One), 4, &cache, &known).await;
        if tally.violations() > 0 {
            println!("  {system:?}: {booted:?}, and the release before: {tally:?}");
        }
        found.judged += tally.answers;
        found.violations += tally.violations();
        place.say(&["CONFIG", "SET", "maxmemory", "0"]).await;
        // With memory, the next boot goes on.
        let booted = judge(system, &place, &mut found).await;
        if booted.as_ref().map_or(true, |booted| booted.missing > 0) {
            println!("  with memory: {booted:?}");
            found.violations += 1;
        }
        if system == System::Ours {
            found.violations += place.planned(Release::Three, Setup::default()).await as u64;
        }
        found.runs += 1;
        place.say(&["FLUSHALL"]).await;
    }
    if system == System::Ours && found.faults == 0 {
        println!("  no boot had too little memory");
        found.violations += 1;
    }
    found
}

/// An index that looks as one whose filling was given up: nothing is being indexed, all is said to be scanned, and
/// documents are missing that nobody failed to index.
async fn given_up(system: System, trials: u32, seed: u64) -> Found {
    let server = cache_tests::private_server().await;
    let (mut found, mut dice) = (Found::default(), Dice::new(seed));
    for _ in 0..trials {
        let place = Place::new(&server).await;
        place.fill(DOCUMENTS).await;
        place.settle(system).await;
        let name = match system {
            System::Ours => place.index(Release::Three),
            _ => {
                let name = system::fixed_name(&place.cache);
                let _ = place.cache.command(cache_core::Command::new("FT.DROPINDEX").arg(&name)).await;
                place.say(&["SET", &format!("{name}:hash"), Release::Three.fields()]).await;
                name
            }
        };
        place.create(&name, Release::Three, Some("SKIPINITIALSCAN")).await;
        // What is written meanwhile is in it.
        place.fill(dice.below(u64::from(DOCUMENTS)) as u32).await;
        found.faults += 1;
        let booted = judge(system, &place, &mut found).await;
        // A boot that failed for something else shows nothing.
        if system == System::Ours && !matches!(&booted, Err(error) if error.contains("not for their values"))
        {
            println!("  nobody is told that documents are missing: {booted:?}");
            found.violations += 1;
        }
        if system == System::Ours && place.alias().await != Some(place.index(Release::One)) {
            println!("  the alias moved to {:?}: {booted:?}", place.alias().await);
            found.violations += 1;
        }
        found.runs += 1;
        place.say(&["FLUSHALL"]).await;
    }
    found
}

pub(crate) async fn scarce(profile: Profile) -> Found {
    too_little(System::Ours, profile.pick(20, 100), profile.seed).await
}

pub(crate) async fn scarce_control(profile: Profile) -> Found {
    too_little(System::DropAndCreate, profile.pick(2, 20), profile.seed).await
}

pub(crate) async fn aborted(profile: Profile) -> Found {
    given_up(System::Ours, profile.pick(20, 100), profile.seed).await
}

pub(crate) async fn aborted_control(profile: Profile) -> Found {
    given_up(System::DropAndCreate, profile.pick(2, 20), profile.seed).await
}
