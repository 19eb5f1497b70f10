//! Many replicas boot at the same moment, while documents are there that their index refuses.

use std::sync::Arc;
use std::time::Duration;

use cache_tests::dice::Dice;

use super::{SPOILT, agrees, left_behind, misnamed, setup};
use crate::case::Found;
use crate::log::Known;
use crate::place::Place;
use crate::reading::Traffic;
use crate::release::Release;
use crate::replica::{Replica, Role, Said};
use crate::steps::Disturbance;
use crate::system::System;

/// How many boot at once.
const REPLICAS: usize = 8;

/// How many documents there are.
const DOCUMENTS: u32 = 500;

/// Within how many microseconds of their start another database is flushed, where it is.
const FLUSHED_WITHIN: u64 = 400_000;

/// All say the same, and it is so. The first index of a model and one beside the release before, in turns; with documents
/// that are written again as bad as they were, and with a flush of another database.
pub(super) async fn at_once(system: System, rounds: u32, seed: u64) -> Found {
    let server = cache_tests::private_server().await;
    let (mut found, mut dice) = (Found::default(), Dice::new(seed));
    for round in 0..rounds {
        let (has_old, rewrites, flushes) = (round % 2 == 1, round % 3 == 1, round % 3 == 2);
        let place = Place::new(&server).await;
        place.fill(DOCUMENTS).await;
        for id in SPOILT {
            place.spoil(id, false).await;
        }
        let mut wrong = Vec::new();
        if has_old {
            place.settle(system).await;
        }
        let known = Known::with(DOCUMENTS, SPOILT.to_vec());
        let mut traffic = Traffic::new(system, &place, &known).await.calmly();
        traffic.read(Release::Two);
        if rewrites {
            traffic.rewrite();
        }
        let role = Role::new(system, Release::Two, &place);
        let (spoilt, setup) = (SPOILT.to_vec(), setup());
        let role = Role { waits: true, base: DOCUMENTS, spoilt, questions: 4, setup, ..role };
        let mut replicas: Vec<_> = (0..REPLICAS)
            .map(|n| Replica::start(&Role { resp2: role.resp2 || n % 2 == 1, ..role.clone() }))
            .collect();
        for replica in &mut replicas {
            assert_eq!(replica.says().await, Some(Said::Connected));
        }
        replicas.iter_mut().for_each(Replica::go);
        if flushes {
            tokio::time::sleep(Duration::from_micros(dice.below(FLUSHED_WITHIN))).await;
            Disturbance::Flush.strike(&server, &place).await;
            found.faults += 1;
        }
        let mut names = Vec::new();
        for replica in &mut replicas {
            let booted = replica.ready().await;
            let answered =
                if booted.is_ok() { replica.answered().await } else { Err("not ready".to_owned()) };
            match (booted, answered) {
                (Ok(booted), Ok(tally)) => {
                    wrong.extend(misnamed(&place, &SPOILT, &booted));
                    let is_told = (tally.incomplete, tally.held, tally.exaggerated) == (2, 2, 0);
                    // Behind a flush it is being filled for some, and each rewrite is one that may be missing.
                    if tally.lies() > 0 || !(is_told || flushes || rewrites) {
                        wrong.push(format!("a replica that is ready is answered {tally:?}"));
                    }
                    found.judged += tally.answers;
                    // A flush that comes behind all answers leaves none, until somebody asks.
                    let reached = place.reaches(&booted.index).await;
                    names.extend((reached.is_some() || !flushes).then_some(reached));
                }
                problem => wrong.push(format!("{problem:?}")),
            }
        }
        let tally = traffic.end().await;
        if tally.lies() > 0 {
            wrong.push(format!("{tally:?}"));
        }
        found.judged += tally.answers;
        names.dedup();
        if names.len() > 1 || names.is_empty() && !flushes {
            wrong.push(format!("they use {names:?}"));
        }
        // It counts them once more.
        for id in SPOILT {
            place.spoil(id, false).await;
        }
        let fresh = if system == System::Ours { place.again().await } else { place.plain().await };
        if flushes && system == System::Ours {
            // It may have come behind all that they did, where nobody asks any more: whoever boots next makes up for it.
            let booted = system.boot_with(Release::Two, &fresh, setup, Arc::new(|_| {})).await;
            wrong.extend(booted.err().map(|error| format!("does not boot behind the flush: {error}")));
        }
        wrong.extend(agrees(system, Release::Two, &fresh, SPOILT.len() as u64).await);
        if system == System::Ours {
            wrong.extend(agrees(system, Release::Two, &place.cache, SPOILT.len() as u64).await);
            let old = has_old.then_some(Release::One);
            let releases: Vec<_> = old.into_iter().chain([Release::Two]).collect();
            wrong.extend(left_behind(&place, &releases).await);
            let planned = place.planned(Release::Two, setup).await;
            wrong.extend((planned > 0).then(|| format!("{planned} steps are left")));
        }
        found.runs += 1;
        found.violations += wrong.len() as u64;
        for wrong in wrong {
            println!("  {system:?}, round {round} of --seed {seed}: {wrong}");
        }
        place.say(&["FLUSHALL"]).await;
    }
    found
}
