//! What is counted and measured, for the [`metrics`](https://docs.rs/metrics) facade (feature `metrics`).
//!
//! Whatever recorder a service has installed gets it; without one, and without the feature, nothing is counted.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `cache_core_commands_total` | counter | `command`, `outcome` | commands, also those of pipelines and transactions, each by itself |
//! | `cache_core_call_duration_seconds` | histogram, seconds | `operation` | calls that were sent: the command's name, or `PIPELINE`, or `MULTI` |
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
//!
//! A call of which nothing was sent is counted by its outcome, and has neither a duration nor bytes: too many were in flight, the
//! cache knew that it has no server, no connection was to be had, a fence cannot go along. One that was cancelled may have been sent, and has
//! both.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::metrics::{
    Key, Label, Level, Metadata, SharedString, Unit, counter, describe_counter, describe_gauge,
    describe_histogram, gauge, histogram, with_recorder,
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
    describe_histogram!(DURATION, Unit::Seconds, "how long calls that were sent took");
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

/// What is counted of a command that is sent often, and went well: made once, at compile time.
#[derive(Debug)]
struct Frequent {
    name: &'static str,
    answered: [Label; 2],
    timed: [Label; 1],
}

impl Frequent {
    const fn new(name: &'static str) -> Self {
        let command = Label::from_static_parts("command", name);
        let answered = [command, Label::from_static_parts("outcome", ANSWERED)];
        Self { name, answered, timed: [Label::from_static_parts("operation", name)] }
    }
}

/// The outcome of a command that went well.
const ANSWERED: &str = "ok";

static FREQUENT: [Frequent; 10] = [
    Frequent::new("JSON.GET"),
    Frequent::new("JSON.SET"),
    Frequent::new("JSON.MGET"),
    Frequent::new("EVALSHA"),
    Frequent::new("FT.SEARCH"),
    Frequent::new("FT.AGGREGATE"),
    Frequent::new("FT.CURSOR"),
    Frequent::new("PIPELINE"),
    Frequent::new("MULTI"),
    Frequent::new("PING"),
];

/// The name of a command, kept without an allocation if it is frequent.
#[derive(Debug, Clone)]
enum Name {
    Frequent(&'static Frequent),
    Other(SharedString),
}

impl Name {
    fn new(name: &str) -> Self {
        match FREQUENT.iter().find(|frequent| frequent.name == name) {
            Some(frequent) => Self::Frequent(frequent),
            None => Self::Other(name.to_owned().into()),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Frequent(frequent) => frequent.name,
            Self::Other(name) => name,
        }
    }

    fn shared(&self) -> SharedString {
        match self {
            Self::Frequent(frequent) => SharedString::const_str(frequent.name),
            Self::Other(name) => name.clone(),
        }
    }

    /// So many of it ended in this way.
    fn count(&self, outcome: &'static str, times: usize) {
        let key = match self {
            Self::Frequent(frequent) if outcome == ANSWERED => {
                Key::from_static_labels(COMMANDS, &frequent.answered)
            }
            _ => Key::from_parts(
                COMMANDS,
                vec![Label::new("command", self.shared()), Label::new("outcome", outcome)],
            ),
        };
        with_recorder(|recorder| recorder.register_counter(&key, &METADATA)).increment(times as u64);
    }

    /// A call of it took so long.
    fn time(&self, took: Duration) {
        let key = match self {
            Self::Frequent(frequent) => Key::from_static_labels(DURATION, &frequent.timed),
            Self::Other(_) => Key::from_parts(DURATION, vec![Label::new("operation", self.shared())]),
        };
        with_recorder(|recorder| recorder.register_histogram(&key, &METADATA)).record(took);
    }
}

/// As the macros of `metrics` have it, whose keys with labels cost an allocation each.
static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// A call that is under way. Dropped before it ended, it was given up.
#[derive(Debug)]
pub(crate) struct Call {
    began: Instant,
    operation: Name,
    /// The names of the commands, each with how many of it stand side by side: the first by itself, since most calls have one.
    first: Option<(Name, usize)>,
    others: Vec<(Name, usize)>,
    /// Of its arguments.
    bytes: usize,
    ended: bool,
    unsent: bool,
}

impl Call {
    pub(crate) fn begin(
        how: Option<&'static str>,
        commands: &[Command],
        name: impl Fn(&Command) -> &str,
    ) -> Self {
        gauge!(IN_FLIGHT).increment(1);
        let bytes = commands.iter().map(Command::size).sum();
        let mut first: Option<(Name, usize)> = None;
        let mut others = Vec::new();
        for name in commands.iter().map(name) {
            match others.last_mut().or(first.as_mut()) {
                Some((last, times)) if last.text() == name => *times += 1,
                Some(_) => others.push((Name::new(name), 1)),
                None => first = Some((Name::new(name), 1)),
            }
        }
        let operation = match (how, &first) {
            (None, Some((name, _))) => name.clone(),
            (how, _) => Name::new(how.unwrap_or_default()),
        };
        Self { began: Instant::now(), operation, first, others, bytes, ended: false, unsent: false }
    }

    fn take(&mut self) -> impl Iterator<Item = (Name, usize)> {
        self.first.take().into_iter().chain(std::mem::take(&mut self.others))
    }

    /// Nothing of it was sent.
    pub(crate) fn was_not_sent(&mut self) {
        self.unsent = true;
    }

    /// It ended: as a whole in this way, or else each command in its own.
    pub(crate) fn ended(
        &mut self,
        whole: Option<&'static str>,
        mut each: impl Iterator<Item = &'static str>,
        bytes: impl FnOnce() -> usize,
    ) {
        self.ended = true;
        for (name, times) in self.take() {
            match whole {
                Some(outcome) => name.count(outcome, times),
                None => count_each(&name, each.by_ref().take(times)),
            }
        }
        counter!(RESPONSE).increment(bytes() as u64);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1);
        if !self.ended {
            self.take().for_each(|(name, times)| name.count("cancelled", times));
        }
        if !self.unsent {
            counter!(REQUEST).increment(self.bytes as u64);
            self.operation.time(self.began.elapsed());
        }
    }
}

/// Counts outcomes of one command: those side by side that are the same at once.
fn count_each(name: &Name, outcomes: impl Iterator<Item = &'static str>) {
    let mut same: Option<(&'static str, usize)> = None;
    for outcome in outcomes {
        match &mut same {
            Some((last, times)) if *last == outcome => *times += 1,
            _ => {
                if let Some((outcome, times)) = same.replace((outcome, 1)) {
                    name.count(outcome, times);
                }
            }
        }
    }
    if let Some((outcome, times)) = same {
        name.count(outcome, times);
    }
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
