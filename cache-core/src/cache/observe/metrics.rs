//! What is counted and measured, for the [`metrics`](https://docs.rs/metrics) facade (feature `metrics`).
//!
//! Whatever recorder a service has installed gets it; without one, and without the feature, nothing is counted.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `cache_core_commands_total` | counter | `command`, `outcome` | commands, also those of pipelines and transactions, each by itself |
//! | `cache_core_call_duration_seconds` | histogram, seconds | `operation` | round trips: the command's name, or `PIPELINE`, or `MULTI` |
//! | `cache_core_calls_in_flight` | gauge | | calls that are under way |
//! | `cache_core_request_bytes_total` | counter, bytes | | arguments that were sent |
//! | `cache_core_response_bytes_total` | counter, bytes | | values in answers |
//! | `cache_core_generations_total` | counter | | connections that were begun, and flushes that the server told of, as calls notice them |
//! | `cache_core_degraded` | gauge | | connections without a server, of [`Cache::state`](crate::Cache::state) |
//! | `cache_core_gate_total` | counter | `outcome` | what gates did: the names of the counts of [`GateCounts`](crate::GateCounts) |
//! | `cache_core_gate_held_seconds` | histogram, seconds | | how long leases were held |
//! | `cache_core_gate_waited_seconds` | histogram, seconds | | how long asking for gates took |
//! | `cache_core_loads_total` | counter | `model`, `outcome` | [`load`](crate::CacheModel::load): `hit`, `nothing` (known to be missing) or `miss`; each look counts |
//! | `cache_core_loader_runs_total` | counter | `model`, `outcome` | loaders of this process: `ok`, `error` or `timeout` |
//!
//! An `outcome` of a command is `ok`, `cancelled` (its future was dropped), or the class of the error that the span of the call has as
//! its `error.type`: `busy` (too many in flight), `unavailable`, `timeout`, `wrong_type` and so on. All labels are out of bounded sets: what can
//! be no command's name counts as `_OTHER`. Arguments, keys and namespaces are in none.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::metrics::{
    SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use cache_index::Command;

const COMMANDS: &str = "cache_core_commands_total";
const DURATION: &str = "cache_core_call_duration_seconds";
const IN_FLIGHT: &str = "cache_core_calls_in_flight";
const REQUEST: &str = "cache_core_request_bytes_total";
const RESPONSE: &str = "cache_core_response_bytes_total";
const GENERATIONS: &str = "cache_core_generations_total";
const DEGRADED: &str = "cache_core_degraded";
const GATE: &str = "cache_core_gate_total";
const GATE_HELD: &str = "cache_core_gate_held_seconds";
const GATE_WAITED: &str = "cache_core_gate_waited_seconds";
const LOADS: &str = "cache_core_loads_total";
const LOADERS: &str = "cache_core_loader_runs_total";

/// Tells the recorder of the [`metrics`](https://docs.rs/metrics) facade what each name means, and its unit (feature `metrics`). Every
/// cache does when it is made; call it again for a recorder that is installed later.
///
/// ```
/// // The recorder of a service: `PrometheusBuilder::new().install()?` …
/// cache_core::describe_metrics();
/// ```
pub fn describe_metrics() {
    describe_counter!(COMMANDS, Unit::Count, "commands by their name and how they ended");
    describe_histogram!(DURATION, Unit::Seconds, "how long round trips to the server took");
    describe_gauge!(IN_FLIGHT, Unit::Count, "calls that are under way");
    describe_counter!(REQUEST, Unit::Bytes, "arguments that were sent");
    describe_counter!(RESPONSE, Unit::Bytes, "values in answers");
    describe_counter!(GENERATIONS, Unit::Count, "connections that were begun, and flushes told of");
    describe_gauge!(DEGRADED, Unit::Count, "connections without a server");
    describe_counter!(GATE, Unit::Count, "what gates did");
    describe_histogram!(GATE_HELD, Unit::Seconds, "how long leases of gates were held");
    describe_histogram!(GATE_WAITED, Unit::Seconds, "how long asking for gates took");
    describe_counter!(LOADS, Unit::Count, "documents asked of the cache layer, by what was there");
    describe_counter!(LOADERS, Unit::Count, "loaders that ran, by how they ended");
}

/// The names that most calls have, which need not be kept for each of them.
const FREQUENT: [&str; 16] = [
    "JSON.GET",
    "JSON.SET",
    "JSON.MGET",
    "JSON.MERGE",
    "EVALSHA",
    "EVAL",
    "FT.SEARCH",
    "FT.AGGREGATE",
    "FT.CURSOR",
    "FT.INFO",
    "GET",
    "SET",
    "DEL",
    "UNLINK",
    "PEXPIRE",
    "PING",
];

/// A call that is under way. Dropped before it ended, it was given up.
#[derive(Debug)]
pub(crate) struct Call {
    began: Instant,
    operation: SharedString,
    /// The names of the commands, each with how many of it stand side by side.
    commands: Vec<(SharedString, usize)>,
    ended: bool,
}

impl Call {
    pub(crate) fn begin(
        how: Option<&'static str>,
        commands: &[Command],
        name: impl Fn(&Command) -> &str,
    ) -> Self {
        gauge!(IN_FLIGHT).increment(1);
        let sizes = commands.iter().map(|command| command.size() as u64);
        counter!(REQUEST).increment(sizes.sum());
        let mut names: Vec<(SharedString, usize)> = Vec::new();
        for name in commands.iter().map(name) {
            match names.last_mut() {
                Some((last, times)) if &**last == name => *times += 1,
                _ => names.push((kept(name), 1)),
            }
        }
        let operation = match (how, names.first()) {
            (Some(how), _) => SharedString::const_str(how),
            (None, Some((name, _))) => name.clone(),
            (None, None) => SharedString::const_str(""),
        };
        Self { began: Instant::now(), operation, commands: names, ended: false }
    }

    /// It ended: as a whole in this way, or else each command in its own.
    pub(crate) fn ended(
        &mut self,
        whole: Option<&'static str>,
        mut each: impl Iterator<Item = &'static str>,
        bytes: impl FnOnce() -> usize,
    ) {
        self.ended = true;
        for (command, times) in self.commands.drain(..) {
            let Some(outcome) = whole else {
                count_each(&command, each.by_ref().take(times));
                continue;
            };
            count(&command, outcome, times);
        }
        counter!(RESPONSE).increment(bytes() as u64);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1);
        if !self.ended {
            self.commands.drain(..).for_each(|(command, times)| count(&command, "cancelled", times));
        }
        histogram!(DURATION, "operation" => self.operation.clone()).record(self.began.elapsed());
    }
}

/// The name, without an allocation if it is frequent.
fn kept(name: &str) -> SharedString {
    match FREQUENT.into_iter().find(|frequent| *frequent == name) {
        Some(frequent) => SharedString::const_str(frequent),
        None => name.to_owned().into(),
    }
}

/// Counts outcomes of one command: those side by side that are the same at once.
fn count_each(command: &SharedString, outcomes: impl Iterator<Item = &'static str>) {
    let mut same: Option<(&'static str, usize)> = None;
    for outcome in outcomes {
        match &mut same {
            Some((last, times)) if *last == outcome => *times += 1,
            _ => {
                if let Some((outcome, times)) = same.replace((outcome, 1)) {
                    count(command, outcome, times);
                }
            }
        }
    }
    if let Some((outcome, times)) = same {
        count(command, outcome, times);
    }
}

fn count(command: &SharedString, outcome: &'static str, times: usize) {
    counter!(COMMANDS, "command" => command.clone(), "outcome" => outcome).increment(times as u64);
}

/// The generations of a connection that were seen.
#[derive(Debug, Default)]
pub(crate) struct Generations(AtomicU64);

impl Generations {
    pub(crate) fn see(&self, now: impl FnOnce() -> u64) {
        let now = now();
        let before = self.0.fetch_max(now, Ordering::Relaxed);
        if now > before {
            counter!(GENERATIONS).increment(now - before);
        }
    }
}

/// A connection that has no server, until it is dropped.
#[derive(Debug)]
pub(crate) struct Degraded(());

impl Degraded {
    pub(crate) fn begin() -> Self {
        gauge!(DEGRADED).increment(1);
        Self(())
    }
}

impl Drop for Degraded {
    fn drop(&mut self) {
        gauge!(DEGRADED).decrement(1);
    }
}

pub(crate) fn gate(outcome: &'static str) {
    counter!(GATE, "outcome" => outcome).increment(1);
}

pub(crate) fn gate_held(time: Duration) {
    histogram!(GATE_HELD).record(time);
}

pub(crate) fn gate_waited(time: Duration) {
    histogram!(GATE_WAITED).record(time);
}

pub(crate) fn load(model: &'static str, outcome: &'static str) {
    counter!(LOADS, "model" => model, "outcome" => outcome).increment(1);
}

pub(crate) fn loader(model: &'static str, outcome: &'static str) {
    counter!(LOADERS, "model" => model, "outcome" => outcome).increment(1);
}
