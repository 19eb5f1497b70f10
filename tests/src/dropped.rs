//! Calls that are dropped at any moment while others are under way: what others are answered is theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::{Batch, Cache, Command, Reply, Result};

use crate::chain;
use crate::dice::Dice;

/// How many keys there are. Two of them have the same hash tag.
const KEYS: u64 = 200;

/// How many calls are under way at once.
const TASKS: u64 = 24;

/// What became of calls.
#[derive(Debug, Default)]
pub struct Dropped {
    /// Those that were dropped before they were answered.
    pub dropped: AtomicU64,
    /// Answers, each of which was compared with what was asked for.
    pub answers: AtomicU64,
    /// Those that were of another call.
    pub wrong: AtomicU64,
    /// Calls that failed as unavailable.
    pub failed: AtomicU64,
}

/// Asks for what is known, one by one, in pipelines, in transactions and of many keys, and drops one call in ten at a random
/// moment. On a cluster the keys are on all nodes.
///
/// # Panics
/// If a call fails for another reason than a server that cannot be reached.
pub async fn one_in_ten(cache: &Cache, seed: u64, calls: u32) -> Arc<Dropped> {
    let sets = (0..KEYS).map(|n| Command::new("SET").key(key(n)).arg(value(n)).repeatable());
    for set in sets {
        cache.command(set).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    let found = Arc::new(Dropped::default());
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..TASKS {
        let (cache, found, mut dice) = (cache.clone(), found.clone(), Dice::lane(seed, lane));
        tasks.spawn(async move {
            for number in 0..calls {
                let token = format!("{lane}-{number}");
                let (call, expected) = question(&mut dice, &token);
                let asking = asked(&cache, call);
                if dice.below(10) > 0 {
                    found.compare(asking.await, &expected);
                    continue;
                }
                let (turns, pause) = (dice.below(8), Duration::from_millis(dice.below(4).saturating_sub(2)));
                tokio::select! {
                    biased;
                    answers = asking => found.compare(answers, &expected),
                    () = moment(turns, pause) => {
                        found.dropped.fetch_add(1, Ordering::SeqCst);
                    }
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap_or_else(|error| panic!("{error}"));
    }
    found
}

impl Dropped {
    fn compare(&self, answers: Result<Vec<Result<Reply>>>, expected: &[Vec<String>]) {
        let answers: Result<Vec<Reply>> = answers.and_then(|answers| answers.into_iter().collect());
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                assert!(error.is_unavailable(), "{}", chain(&error));
                self.failed.fetch_add(1, Ordering::SeqCst);
                return;
            }
        };
        let found: Vec<Vec<String>> = answers.iter().map(texts).collect();
        self.answers.fetch_add(found.len() as u64, Ordering::SeqCst);
        if found != expected {
            println!("  {found:?}, and not {expected:?}");
            self.wrong.fetch_add(1, Ordering::SeqCst);
        }
    }
}

enum Call {
    One(Command),
    Many(Batch),
}

async fn asked(cache: &Cache, call: Call) -> Result<Vec<Result<Reply>>> {
    match call {
        Call::One(command) => cache.command(command).await.map(|answer| vec![Ok(answer)]),
        Call::Many(batch) => cache.connection().send_all(batch).await,
    }
}

/// A call, and its answers.
fn question(dice: &mut Dice, token: &str) -> (Call, Vec<Vec<String>>) {
    let any = |dice: &mut Dice| dice.below(KEYS);
    let get = |n: u64| (Command::new("GET").key(key(n)).repeatable(), vec![value(n)]);
    let echo =
        |part: u64| (Command::new("ECHO").arg(format!("{token}-{part}")), vec![format!("{token}-{part}")]);
    match dice.below(5) {
        0 => one(echo(0)),
        1 => one(get(any(dice))),
        2 => {
            let keys: Vec<u64> = (0..12).map(|_| any(dice)).collect();
            let command = keys.iter().fold(Command::new("MGET"), |command, n| command.key(key(*n)));
            one((command.repeatable(), keys.into_iter().map(value).collect()))
        }
        3 => {
            let parts = (0..2 + dice.below(12)).map(|part| match dice.below(2) {
                0 => echo(part),
                _ => get(dice.below(KEYS)),
            });
            let (commands, answers) = parts.unzip();
            (Call::Many(Batch::pipeline(commands)), answers)
        }
        _ => {
            let first = any(dice) & !1;
            let (commands, answers) = [get(first), echo(1), get(first + 1)].into_iter().unzip();
            (Call::Many(Batch::atomic(commands)), answers)
        }
    }
}

fn one((command, answer): (Command, Vec<String>)) -> (Call, Vec<Vec<String>>) {
    (Call::One(command), vec![answer])
}

/// Some turns of the runtime, and often no time at all: most calls are answered within a millisecond.
async fn moment(turns: u64, pause: Duration) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}

fn texts(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Array(items) => items.iter().flat_map(texts).collect(),
        other => vec![other.as_str().unwrap_or_default().to_owned()],
    }
}

fn key(n: u64) -> String {
    format!("dropped:{{{}}}:{n}", n / 2)
}

fn value(n: u64) -> String {
    format!("value {n}")
}
