//! Many replicas boot at the same moment with the same change.

use crate::case::{Found, Profile};
use crate::place::Place;
use crate::release::Release;
use crate::replica::{Replica, Role, Said};
use crate::system::{Setup, System};

/// How many boot at once.
const REPLICAS: usize = 16;

/// How many documents there are.
const DOCUMENTS: u32 = 1_000;

/// One index, one scan, and everybody is ready and answered in full.
async fn at_once(system: System, rounds: u32) -> Found {
    let server = cache_tests::private_server().await;
    let mut found = Found::default();
    for _ in 0..rounds {
        let place = Place::new(&server).await;
        place.fill(DOCUMENTS).await;
        place.settle(system).await;
        let role =
            Role { waits: true, base: DOCUMENTS, questions: 4, ..Role::new(system, Release::Three, &place) };
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
        names.dedup();
        let scans = place.scans().await;
        found.violations += names.len().abs_diff(1) as u64 + scans.abs_diff(1);
        if system == System::Ours {
            let mut indexes = place.indexes().await;
            indexes.retain(|name| *name != place.index(Release::One));
            found.violations += u64::from(indexes != [place.index(Release::Three)]);
            found.violations += place.planned(Release::Three, Setup::default()).await as u64;
        }
        found.runs += 1;
        place.say(&["FLUSHALL"]).await;
    }
    found
}

pub(crate) async fn ours(profile: Profile) -> Found {
    at_once(System::Ours, profile.pick(50, 500)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    at_once(System::DropAndCreate, profile.pick(3, 30)).await
}
