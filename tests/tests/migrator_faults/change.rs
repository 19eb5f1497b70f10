//! The schema changes while everybody reads and writes.

use std::time::Duration;

use crate::case::{Found, Profile};
use crate::log::Known;
use crate::place::Place;
use crate::reading::Traffic;
use crate::release::Release;
use crate::replica::{Replica, Role};
use crate::system::{Setup, System};

/// How many documents there are.
const DOCUMENTS: u32 = 3_000;

/// How long everybody goes on after a change.
const AFTERWARDS: Duration = Duration::from_millis(60);

/// Changes under load: two in a round, one that adds a field and one that needs another index; where fields are added in place
/// the first of them.
async fn under_load(system: System, rounds: u32, setup: Setup) -> Found {
    let server = cache_tests::private_server().await;
    let mut found = Found::default();
    for _ in 0..rounds {
        let place = Place::new(&server).await;
        place.fill(DOCUMENTS).await;
        let known = Known::new(DOCUMENTS);
        let before = place.stored(&known.ids()).await;
        place.settle(system).await;

        let mut traffic = Traffic::new(system, &place, &known).await;
        traffic.read(Release::One);
        traffic.read(Release::One);
        traffic.write(true);
        // What was well before must have been: else it would not be the change that is judged.
        while traffic.log().tally().answers < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let tally = traffic.log().tally();
        assert_eq!(tally.violations(), 0, "{tally:?}");
        let releases: &[_] = if setup.additive { &[Release::Two] } else { &[Release::Two, Release::Three] };
        for release in releases.iter().copied() {
            place.count_scans().await;
            let mut replica = boot(system, release, setup, &place).await;
            traffic.read(release);
            match replica.answered().await {
                Ok(tally) => traffic.log().add(tally),
                Err(error) => traffic.log().failed(error),
            }
            tokio::time::sleep(AFTERWARDS).await;
            found.runs += 1;
        }
        let tally = traffic.end().await;
        for sample in &tally.samples {
            println!("  {system:?}: {sample}");
        }
        found.judged += tally.answers;
        found.violations += tally.violations();
        found.violations += place.damaged(&known, &before, &traffic.visits()).await;
        if system == System::Ours {
            found.violations +=
                place.planned(setup.next(), setup).await as u64 + place.scans().await.abs_diff(1);
            if let Some(wrong) = place.not_in_place().await.filter(|_| setup.additive) {
                println!("  {system:?}: {wrong}");
                found.violations += 1;
            }
        }
        place.say(&["FLUSHALL"]).await;
    }
    found
}

/// Starts a replica and waits until it is ready.
async fn boot(system: System, release: Release, setup: Setup, place: &Place) -> Replica {
    let role = Role { setup, base: DOCUMENTS, questions: 8, ..Role::new(system, release, place) };
    let mut replica = Replica::start(&role);
    if let Err(error) = replica.ready().await {
        panic!("release {release:?} did not boot: {error}");
    }
    replica
}

pub(crate) async fn ours(profile: Profile) -> Found {
    under_load(System::Ours, profile.pick(10, 100), Setup::default()).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    under_load(System::DropAndCreate, profile.pick(2, 20), Setup::default()).await
}

pub(crate) async fn in_place(profile: Profile) -> Found {
    under_load(System::Ours, profile.pick(6, 60), Setup::in_place()).await
}

pub(crate) async fn in_place_control(profile: Profile) -> Found {
    under_load(System::DropAndCreate, profile.pick(2, 20), Setup::in_place()).await
}
