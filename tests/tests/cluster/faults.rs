//! Connections to all nodes that are cut, late, half open, or lose an answer: nothing that may not be repeated is executed twice,
//! no call gets another one's answer, and every error comes in time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_core::testkit::Odds;
use cache_core::{CacheModel, Command, RedisSettings, Reply};
use cache_tests::cluster::Nodes;
use cache_tests::dice::Dice;
use cache_tests::profile::Profile;
use cache_tests::{chain, connect_with, figures, stalls};

use crate::case::Place;
use crate::models::{Plain, plain};

const TASKS: u32 = 8;

/// To how many lists something is appended, on all nodes.
const LISTS: u32 = 30;

/// How many documents are there, which nobody changes.
const DOCUMENTS: u32 = 300;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_millis(500);

/// What a call may take beyond it, where the machine kept nothing waiting.
const LATE: Duration = Duration::from_millis(500);

/// How long it may take until all nodes answer again.
const BACK: Duration = Duration::from_secs(10);

/// Of a thousand chunks: about one in fifty.
const ODDS: Odds = Odds { delay: (10, Duration::from_millis(30)), reset: 3, silence: 2, truncate: 3 };

/// What may not be repeated is not.
pub(crate) async fn between_client_and_nodes(place: Place, profile: Profile) {
    let seen = profile
        .until(
            async |profile| under_faults(&place, profile, push).await,
            |seen| seen.unanswered > 0 || !seen.twice.is_empty(),
        )
        .await;
    figures::add("executed twice under faults", seen.twice.len() as u64);
    assert!(seen.twice.is_empty(), "executed more than once: {:?}", seen.twice);
    // Otherwise there was nothing that could have been repeated.
    assert!(seen.unanswered > 0, "no answer was lost of what was executed");
    figures::add("executed and not acknowledged under faults", seen.unanswered as u64);
}

/// The same with commands that say that they may be repeated: those whose answers were lost are executed twice, or the case above
/// would not see it.
pub(crate) async fn are_seen(place: Place, profile: Profile) {
    let repeatable = |list, token: &str| push(list, token).repeatable();
    let seen = profile
        .until(async |profile| under_faults(&place, profile, repeatable).await, |seen| !seen.twice.is_empty())
        .await;
    assert!(!seen.twice.is_empty(), "nothing was executed twice that may be");
    figures::add("executed twice under faults of what may be", seen.twice.len() as u64);
}

/// What became of what was to be executed once.
struct Seen {
    /// What was executed more than once.
    twice: Vec<String>,
    /// What was executed, and is not acknowledged.
    unanswered: usize,
}

/// Calls while connections fail.
async fn under_faults(
    place: &Place,
    profile: Profile,
    push: impl Fn(u32, &str) -> Command + Copy + Send + 'static,
) -> Seen {
    stalls::watch();
    let nodes = Nodes::start(3, 0).await;
    let proxies = nodes.behind_proxies().await;
    let settings = RedisSettings::new(proxies[0].url()).protocol(place.protocol);
    let settings = settings.response_timeout(DEADLINE).connect_timeout(DEADLINE);
    let cache = connect_with(settings).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let cache = cache.project(&place.project);
    for saved in Plain::save_many(&cache, (0..DOCUMENTS).map(plain)).await {
        let _ = saved.unwrap();
    }
    for (proxy, lane) in proxies.iter().zip(0..) {
        proxy.dice(profile.seed.wrapping_add(lane), ODDS);
    }
    let calls = Arc::new(Calls::default());
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..TASKS {
        let (cache, calls) = (cache.clone(), calls.clone());
        let mut dice = Dice::lane(profile.seed, u64::from(lane));
        tasks.spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0..profile.pick(400, 4_000) {
                let token = format!("{lane}-{number}");
                let list = dice.below(u64::from(LISTS)) as u32;
                let pushed = calls.ask(cache.command(push(list, &token))).await;
                if pushed.is_some() {
                    acknowledged.push(token);
                }
                let ids: Vec<u32> = (0..5).map(|_| dice.below(u64::from(DOCUMENTS)) as u32).collect();
                if let Some(found) = calls.ask(Plain::get_many(&cache, ids.iter().copied())).await {
                    assert!(found.into_iter().eq(ids.iter().map(|id| Some(plain(*id)))), "{ids:?}");
                }
            }
            acknowledged
        });
    }
    let mut acknowledged = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        acknowledged.extend(ended.unwrap_or_else(|error| panic!("{error}")));
    }
    let injected: u64 = proxies.iter().map(cache_core::testkit::Proxy::injected).sum();
    for proxy in &proxies {
        proxy.calm();
        proxy.reset_all();
    }
    let (calm, mut times) = (Instant::now(), HashMap::<String, u32>::new());
    for list in 0..LISTS {
        loop {
            match cache
                .command(Command::new("LRANGE").key(key(list)).args_from(["0", "-1"]).repeatable())
                .await
            {
                Ok(Reply::Array(tokens)) => {
                    for token in tokens {
                        *times.entry(token.as_str().unwrap_or_default().to_owned()).or_default() += 1;
                    }
                    break;
                }
                Ok(other) => panic!("{other:?}"),
                Err(error) => assert!(error.is_unavailable() && calm.elapsed() < BACK, "{}", chain(&error)),
            }
        }
    }
    let back = calm.elapsed();
    let lost: Vec<_> = acknowledged.iter().filter(|token| !times.contains_key(*token)).collect();
    figures::add("acknowledged and lost under faults", lost.len() as u64);
    assert!(lost.is_empty(), "acknowledged and not there: {lost:?}");
    let unanswered = times.len() - acknowledged.len();
    let failed = calls.failed.load(Ordering::SeqCst);
    // Otherwise it shows nothing: there were faults, and calls that failed.
    assert!(injected > 50 && failed > 0, "{injected} faults, {failed} failed");
    figures::add("faults between client and nodes", injected);
    figures::add("calls under faults", calls.all.load(Ordering::SeqCst));
    figures::add("of them failed as unavailable", failed);
    figures::max("milliseconds of the longest call under faults", calls.longest.load(Ordering::SeqCst));
    figures::max("milliseconds until all nodes answered after faults", back.as_millis() as u64);
    let twice = times.into_iter().filter(|(_, times)| *times > 1).map(|(token, _)| token).collect();
    Seen { twice, unanswered }
}

/// What became of calls.
#[derive(Default)]
struct Calls {
    all: AtomicU64,
    failed: AtomicU64,
    /// In milliseconds.
    longest: AtomicU64,
}

impl Calls {
    /// The answer, if there is one; what there is otherwise comes in time, and says that the server cannot be reached.
    async fn ask<T>(&self, call: impl Future<Output = cache_core::Result<T>>) -> Option<T> {
        let began = Instant::now();
        let answer = call.await;
        let ended = Instant::now();
        let took = (ended - began).saturating_sub(stalls::between(began, ended));
        assert!(took < DEADLINE + LATE, "{took:?}");
        self.all.fetch_add(1, Ordering::SeqCst);
        self.longest.fetch_max(took.as_millis() as u64, Ordering::SeqCst);
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                assert!(error.is_unavailable(), "{}", chain(&error));
                self.failed.fetch_add(1, Ordering::SeqCst);
                None
            }
        }
    }
}

/// Appends a token that no other call appends.
fn push(list: u32, token: &str) -> Command {
    Command::new("RPUSH").key(key(list)).arg(token)
}

fn key(list: u32) -> String {
    format!("faults:{list}")
}
