//! Every call on a server that falls silent: the connection stays open, and nothing is answered any more. Each ends within a number of
//! deadlines, with an error that says so by type.
//!
//! Each call meets the silence at its first answer, at the later ones, and on a connection that was given up for it. Not
//! asked are `Lease::lost`, `StateWatch` and `Schedule::run`, which wait by what they are; what tests of degraded and near
//! caches ask (`live_degraded`, `live_near_line`); and who speaks to other servers.

// A file imports from those before it: models, silence.

mod documents;
mod gates;
mod models;
mod queries;
mod silence;
mod terms;
mod whole;

use std::fmt::Write;

use cache_core::Protocol;
use cache_tests::{chain, connect, shared_url, stalls};
use futures_util::{StreamExt, stream};
use silence::{Case, Ran, WHENS, When, run};

/// How many are tried side by side.
const BESIDE: usize = 40;

/// Tries all, and says of each how long it took for each moment of the silence.
async fn every_call_ends(protocol: Protocol) {
    stalls::watch();
    let project = format!("silent-{protocol:?}-{}", std::process::id());
    let cache = connect(&shared_url().await, protocol).await.project(&project);
    let cases: Vec<Case> =
        [documents::cases(), queries::cases(), terms::cases(), gates::cases(), whole::cases()].concat();
    let runs: Vec<(u32, &Case, When)> = (0..)
        .zip(cases.iter().flat_map(|case| WHENS.map(|when| (case, when))))
        .map(|(at, (case, when))| (at, case, when))
        .collect();
    models::prepare(&cache, 0..u32::try_from(runs.len()).unwrap())
        .await
        .unwrap_or_else(|error| panic!("{}", chain(&*error)));
    let outcomes = stream::iter(
        runs.iter()
            .copied()
            .map(|(at, case, when)| tokio::spawn(run(case.clone(), when, at, protocol, project.clone()))),
    );
    let ended: Vec<_> = outcomes.buffered(BESIDE).collect().await;
    let (mut faults, mut line) = (String::new(), String::new());
    for ((at, case, when), ended) in runs.into_iter().zip(ended) {
        let mut ran: Ran = ended.unwrap();
        if ran.late {
            // Beside so many others it may be theirs.
            println!("{}, {when:?}: {:?}, once more by itself", case.name, ran.took);
            ran = run(case.clone(), when, at, protocol, project.clone()).await;
        }
        write!(line, " {:?} {}", ran.took, if ran.done { "done;" } else { "told;" }).unwrap();
        if let Some(fault) = ran.fault(case) {
            writeln!(faults, "{}, {when:?}: {fault}", case.name).unwrap();
        }
        if Some(&when) == WHENS.last() {
            println!("{protocol:?} {}:{line}", case.name);
            line.clear();
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_ends_2() {
    every_call_ends(Protocol::Resp2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_ends_3() {
    every_call_ends(Protocol::Resp3).await;
}
