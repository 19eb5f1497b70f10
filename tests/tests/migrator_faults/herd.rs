//! Many replicas boot at the same moment with the same change.

use crate::case::{Found, Profile};
use crate::log::Known;
use crate::place::Place;
use crate::reading::Traffic;
use crate::release::Release;
use crate::replica::{Replica, Role, Said};
use crate::system::{Setup, System};

/// How many boot at once.
const REPLICAS: usize = 16;

/// How many documents there are.
const DOCUMENTS: u32 = 1_000;

/// One index, one scan, and everybody is ready and answered in full: where fields are added in place, whoever asks that index
/// meanwhile too.
async fn at_once(system: System, rounds: u32, setup: Setup) -> Found {
    let server = cache_tests::private_server().await;
    let mut found = Found::default();
    for _ in 0..rounds {
        let place = Place::new(&server).await;
        place.fill(DOCUMENTS).await;
        place.settle(system).await;
        let mut traffic = Traffic::new(system, &place, &Known::new(DOCUMENTS)).await.calmly();
        if setup.additive {
            traffic.read(Release::One);
        }
        let role = Role::new(system, setup.next(), &place);
        let role = Role { setup, waits: true, base: DOCUMENTS, questions: 4, ..role };
        let mut replicas: Vec<_> = (0..REPLICAS)
            .map(|n| Replica::start(&Role { resp2: role.resp2 || n % 2 == 1, ..role.clone() }))
            .collect();
        for replica in &mut replicas {
            let said = replica.says().await;
            assert_eq!(said, Some(Said::Connected));
        }
        place.count_scans().await;
        replicas.iter_mut().for_each(Replica::go);
        let mut names = Vec::new();
        for replica in &mut replicas {
            let booted = replica.ready().await;
            let answered =
                if booted.is_ok() { replica.answered().await } else { Err("not ready".to_owned()) };
            match (booted, answered) {
                (Ok(booted), Ok(tally)) => {
                    names.push(place.reaches(&booted.index).await);
                    found.judged += tally.answers;
                    found.violations += tally.violations();
                }
                problem => {
                    println!("  {system:?}: {problem:?}");
                    found.violations += 1;
                }
            }
        }
        let tally = traffic.end().await;
        for sample in &tally.samples {
            println!("  {system:?}: {sample}");
        }
        found.judged += tally.answers;
        found.violations += tally.violations();
        names.dedup();
        let scans = place.scans().await;
        found.violations += names.len().abs_diff(1) as u64 + scans.abs_diff(1);
        if system == System::Ours {
            let mut indexes = place.indexes().await;
            indexes.retain(|name| *name != place.index(Release::One));
            let is_right = match setup.additive {
                true => place.not_in_place().await.is_none(),
                false => indexes == [place.index(Release::Three)],
            };
            found.violations += u64::from(!is_right);
            found.violations += place.planned(setup.next(), setup).await as u64;
        }
        found.runs += 1;
        place.say(&["FLUSHALL"]).await;
    }
    found
}

pub(crate) async fn ours(profile: Profile) -> Found {
    at_once(System::Ours, profile.pick(50, 500), Setup::default()).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    at_once(System::DropAndCreate, profile.pick(3, 30), Setup::default()).await
}

pub(crate) async fn in_place(profile: Profile) -> Found {
    at_once(System::Ours, profile.pick(8, 80), Setup::in_place()).await
}

pub(crate) async fn in_place_control(profile: Profile) -> Found {
    at_once(System::DropAndCreate, profile.pick(2, 20), Setup::in_place()).await
}
