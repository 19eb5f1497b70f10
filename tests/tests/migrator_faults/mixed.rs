//! Old and new replicas boot in any order, and some of them are killed at any moment.

use std::time::Duration;

use cache_tests::dice::Dice;

use crate::case::{Found, Profile};
use crate::log::{Known, Tally};
use crate::place::Place;
use crate::reading::Traffic;
use crate::release::Release;
use crate::replica::{Replica, Role};
use crate::system::{Setup, System};

/// How many documents there are.
const DOCUMENTS: u32 = 1_000;

/// How many replicas boot in a trial.
const BOOTS: u32 = 12;

/// How many of them are booting at most at one time.
const TOGETHER: usize = 3;

/// Within how many microseconds of being connected a replica is killed that is to be killed.
const KILLED_WITHIN: u64 = 40_000;

async fn trials(system: System, trials: u32, setup: Setup, seed: u64) -> Found {
    let server = cache_tests::private_server().await;
    let mut found = Found::default();
    for trial in 0..trials {
        let seed = seed.wrapping_add(u64::from(trial));
        let (violations, kills, judged) = trial_of(system, &Place::new(&server).await, setup, seed).await;
        if violations > 0 {
            println!("  {system:?}: {violations} violations with --seed {seed}");
        }
        found.runs += 1;
        found.faults += kills;
        found.judged += judged;
        found.violations += violations;
    }
    found
}

async fn trial_of(system: System, place: &Place, setup: Setup, seed: u64) -> (u64, u64, u64) {
    let mut dice = Dice::new(seed);
    place.fill(DOCUMENTS).await;
    let known = Known::new(DOCUMENTS);
    let before = place.stored(&known.ids()).await;
    place.settle(system).await;
    let mut traffic = Traffic::new(system, place, &known).await.calmly();
    traffic.read(Release::One);
    traffic.write(true);
    place.count_scans().await;

    let (mut kills, mut wrong, mut booting) = (0, 0, Vec::new());
    for boot in 0..BOOTS {
        // The last one is new, and lives: from then on the new release is what runs.
        let last = boot + 1 == BOOTS;
        let release = if last || dice.below(2) == 0 { setup.next() } else { Release::One };
        let role = Role { setup, base: DOCUMENTS, questions: 4, ..Role::new(system, release, place) };
        let killed = (!last && dice.below(5) < 2).then(|| Duration::from_micros(dice.below(KILLED_WITHIN)));
        let mut replica = Replica::start(&role);
        booting.push(tokio::spawn(async move {
            if let Some(after) = killed {
                let _connected = replica.says().await;
                tokio::time::sleep(after).await;
                return Ok((Tally::default(), u64::from(replica.killed_before_ready().await)));
            }
            replica.ready().await?;
            replica.answered().await.map(|tally| (tally, 0))
        }));
        while booting.len() >= if last { 1 } else { TOGETHER } {
            match booting.remove(0).await {
                Ok(Ok((tally, killed))) => {
                    kills += killed;
                    traffic.log().add(tally);
                }
                Ok(Err(error)) => traffic.log().failed(error),
                Err(error) => panic!("{error}"),
            }
        }
    }
    let tally = traffic.end().await;
    for sample in &tally.samples {
        println!("  {system:?}: {sample}");
    }
    wrong += tally.violations() + place.damaged(&known, &before, &traffic.visits()).await;
    if system == System::Ours {
        let is_right = match setup.additive {
            true => place.not_in_place().await.is_none(),
            false => place.alias().await == Some(place.index(Release::Three)),
        };
        wrong += u64::from(!is_right) + place.scans().await.abs_diff(1);
        wrong += place.planned(setup.next(), setup).await as u64;
    }
    place.say(&["FLUSHALL"]).await;
    (wrong, kills, tally.answers)
}

pub(crate) async fn ours(profile: Profile) -> Found {
    trials(System::Ours, profile.pick(40, 400), Setup::default(), profile.seed).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    trials(System::DropAndCreate, profile.pick(3, 30), Setup::default(), profile.seed).await
}

pub(crate) async fn in_place(profile: Profile) -> Found {
    trials(System::Ours, profile.pick(12, 120), Setup::in_place(), profile.seed).await
}

pub(crate) async fn in_place_control(profile: Profile) -> Found {
    trials(System::DropAndCreate, profile.pick(3, 30), Setup::in_place(), profile.seed).await
}
