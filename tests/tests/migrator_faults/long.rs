//! An index that is filled for longer than ten leases last, since everybody asks meanwhile: it is filled once, nobody drops
//! it, and nobody is told that it is ready before it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cache_core::{Command, Protocol};

use crate::case::{Found, Profile};
use crate::log::Known;
use crate::place::{self, Place};
use crate::reading::Traffic;
use crate::release::{Release, one};
use crate::replica::{Replica, Role, Said};
use crate::system::{Setup, System, fixed_name};

/// How many documents there are: the server lets queries in after each hundred that it indexes.
const DOCUMENTS: u32 = 7_000;

/// How long a schema counts as used once that was said.
const LEASE: Duration = Duration::from_millis(250);

/// How many leases the index is filled for, at least.
const LEASES: u32 = 10;

/// How many boot at once.
const REPLICAS: usize = 3;

/// How many ask for documents again and again, at first: twice as many each time that the server was too fast for them.
const ASKING: usize = 4;

/// Those who ask, until enough time has gone by.
struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    async fn on(place: &Place, index: &str, asking: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        for _ in 0..asking {
            let (cache, stop) = (place.plain().await, Arc::clone(&stop));
            let all = Command::new("FT.SEARCH").arg(index).arg("*");
            let all = all.args_from(["LIMIT", "0", "3000", "RETURN", "1", "about", "TIMEOUT", "0"]);
            tasks.push(tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    // The fixed index is gone for a moment.
                    let _ = cache.command(all.clone()).await;
                }
            }));
        }
        Self { stop, tasks }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// Another release that drops what nobody uses, all the time: how often, and what it dropped.
async fn collected(place: &Place, stop: &AtomicBool) -> (u64, Vec<String>) {
    let setup = Setup { collects: true, ..Setup::default() };
    let cache = place::connect(&place.url, Protocol::Resp3).await.namespace(&place.namespace);
    let (migrator, mut tries, mut dropped) = (setup.migrator::<one::User>(), 0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        match migrator.collect(&cache).await {
            Ok(names) => dropped.extend(names),
            Err(error) => panic!("{}", cache_tests::chain(&error)),
        }
        tries += 1;
        tokio::time::sleep(LEASE / 10).await;
    }
    (tries, dropped)
}

/// Whether the index is there, and is being filled still.
async fn is_filling(place: &Place, name: &str) -> bool {
    place.info(name).await.is_some_and(|info| !info.is_filled())
}

/// Replicas boot, and wait until the index is filled.
async fn filled(system: System, is_renewed: bool, trials: u32) -> Found {
    let server = cache_tests::private_server().await;
    let (mut found, mut asking) = (Found::default(), ASKING);
    while found.runs < u64::from(trials) {
        assert!(asking <= ASKING << 4, "the index is filled too fast");
        let place = Place::new(&server).await;
        place.fill(DOCUMENTS).await;
        place.settle(system).await;
        let (before, index) = match system {
            System::Ours => (place.index(Release::One), place.index(Release::Three)),
            _ => (fixed_name(&place.cache), fixed_name(&place.cache)),
        };
        let known = Known::new(DOCUMENTS);
        let mut traffic = Traffic::new(system, &place, &known).await.calmly();
        traffic.read(Release::One);
        let load = Load::on(&place, &before, asking).await;
        let setup = Setup { lease: LEASE.as_millis() as u64, ..Setup::default() };
        let role = Role::new(system, Release::Three, &place);
        let role = Role { setup, waits: true, base: DOCUMENTS, questions: 4, ..role };
        let mut replicas: Vec<_> = (0..REPLICAS).map(|_| Replica::start(&role)).collect();
        for replica in &mut replicas {
            assert_eq!(replica.says().await, Some(Said::Connected));
        }
        place.count_scans().await;
        let (began, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
        let collecting = tokio::spawn({
            let (place, stop) = (place.clone(), Arc::clone(&stop));
            async move { collected(&place, &stop).await }
        });
        replicas.iter_mut().for_each(Replica::go);
        while place.info(&index).await.is_none() {
            tokio::time::sleep(LEASE / 40).await;
        }
        if !is_renewed {
            replicas.iter_mut().for_each(Replica::kill);
        }
        let is_ours = system == System::Ours && is_renewed;
        while began.elapsed() < LEASE * LEASES && is_renewed {
            tokio::time::sleep(LEASE / 10).await;
        }
        let is_long = !is_ours || is_filling(&place, &index).await;
        while !is_renewed && place.info(&index).await.is_some() && began.elapsed() < LEASE * LEASES {
            tokio::time::sleep(LEASE / 10).await;
        }
        found.faults += u64::from(LEASES);
        load.end().await;
        for replica in replicas.iter_mut().filter(|_| is_renewed) {
            let ready = replica.ready().await;
            match if ready.is_ok() { replica.answered().await } else { Err(format!("{ready:?}")) } {
                Ok(tally) => {
                    found.judged += tally.answers;
                    found.violations += tally.violations();
                }
                Err(error) => {
                    println!("  {system:?}: {error}");
                    found.violations += 1;
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
        let (tries, dropped) = collecting.await.unwrap_or_else(|error| panic!("{error}"));
        found.judged += tries;
        found.violations += dropped.len() as u64;
        if !dropped.is_empty() {
            println!("  {system:?}: dropped {dropped:?} after {:?}", began.elapsed());
        }
        if is_renewed {
            found.violations += place.scans().await.abs_diff(1);
        }
        let tally = traffic.end().await;
        found.judged += tally.answers;
        found.violations += tally.violations();
        if is_ours {
            found.violations += place.planned(Release::Three, setup).await as u64;
        }
        found.runs += u64::from(is_long);
        asking <<= usize::from(!is_long);
        place.say(&["FLUSHALL"]).await;
    }
    found
}

pub(crate) async fn ours(profile: Profile) -> Found {
    filled(System::Ours, true, profile.pick(3, 20)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    filled(System::DropAndCreate, true, profile.pick(1, 5)).await
}

/// Nobody lives who would say that the index is in use: then it is dropped, and that is seen.
pub(crate) async fn unrenewed(profile: Profile) -> Found {
    filled(System::Ours, false, profile.pick(1, 5)).await
}
