//! What is counted for the `metrics` facade, as a recorder gets it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use cache_core::{CacheModel, Command, Degrade, Gate, Protocol};
use cache_tests::{connect_lazy, connect_with, degrade, on_threads, private_server, speaking};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
}

/// What came since the last look, by name and labels: how much a counter grew and a gauge changed, and how many times there are.
fn counted(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let mut counted = BTreeMap::new();
    for (key, unit, description, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        assert!(unit.is_some() && description.is_some(), "{} is not described", key.name());
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(gauge) => gauge.into_inner(),
            DebugValue::Histogram(values) => {
                assert!(
                    values.iter().all(|value| (0.0..60.0).contains(&value.into_inner())),
                    "{key}: seconds"
                );
                values.len() as f64
            }
        };
        counted.insert(format!("{} {}", key.name(), labels.join(" ")), value);
    }
    counted
}

fn is(counted: &BTreeMap<String, f64>, name: &str, expected: f64) {
    let found = counted.get(name).copied().unwrap_or_default();
    assert!((found - expected).abs() < f64::EPSILON, "{name}: {found}, not {expected}: {counted:#?}");
}

async fn calls_gates_loads_and_states_are_counted(snapshotter: &Snapshotter, protocol: Protocol) {
    let server = private_server().await;
    let settings = speaking(server.url(), protocol).max_in_flight(1);
    let cache = connect_with(settings).await.unwrap().project("shop");

    // Commands, by how they end.
    {
        let call = Command::new("BLPOP").arg("nothing").arg("0").within(Duration::from_secs(30));
        let mut call = pin!(cache.command(call));
        assert!(poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await.is_pending());
        is(&counted(snapshotter), "cache_core_calls_in_flight ", 1.0);
        assert!(cache.ping().await.unwrap_err().is_busy());
        let found = counted(snapshotter);
        is(&found, "cache_core_commands_total command=PING outcome=busy", 1.0);
        // It was not sent.
        is(&found, "cache_core_call_duration_seconds operation=PING", 0.0);
        is(&found, "cache_core_request_bytes_total ", 0.0);
    }
    // BLPOP that was given up keeps the server from answering others on this connection.
    let cache = connect_with(speaking(server.url(), protocol)).await.unwrap().project("shop");
    let found = counted(snapshotter);
    is(&found, "cache_core_commands_total command=BLPOP outcome=cancelled", 1.0);
    is(&found, "cache_core_calls_in_flight ", -1.0);
    // It may have been sent.
    is(&found, "cache_core_call_duration_seconds operation=BLPOP", 1.0);
    is(&found, "cache_core_request_bytes_total ", 13.0);
    cache.command(Command::new("SET").key("k").arg("secret")).await.unwrap();
    cache.command(Command::new("LPUSH").key("k").arg("secret")).await.unwrap_err();
    cache.command(Command::new("secret secret")).await.unwrap_err();
    let found = counted(snapshotter);
    is(&found, "cache_core_commands_total command=SET outcome=ok", 1.0);
    is(&found, "cache_core_commands_total command=LPUSH outcome=wrong_type", 1.0);
    is(&found, "cache_core_commands_total command=_OTHER outcome=unknown_command", 1.0);
    is(&found, "cache_core_call_duration_seconds operation=SET", 1.0);
    is(&found, "cache_core_request_bytes_total ", 10.0 + 12.0 + 13.0);
    assert!(found.keys().all(|name| !name.contains("secret")), "{found:#?}");

    // Another connection.
    let id = cache.command(Command::new("CLIENT").arg("ID")).await.unwrap().as_int().unwrap();
    let other = connect_with(speaking(server.url(), protocol)).await.unwrap();
    let _ = counted(snapshotter);
    other.command(Command::new("CLIENT").args_from(["KILL", "ID"]).arg_display(id)).await.unwrap();
    while cache.ping().await.is_err() {}
    cache.ping().await.unwrap();
    assert!(counted(snapshotter)["cache_core_generations_total "] >= 1.0);

    // Gates.
    let gate = Gate::new("job");
    let lease = gate.try_lock(&cache).await.unwrap().unwrap();
    assert!(gate.try_lock(&cache).await.unwrap().is_none());
    let _ = lease.release().await;
    let found = counted(snapshotter);
    for outcome in ["acquired", "denied", "released"] {
        is(&found, &format!("cache_core_gate_total outcome={outcome}"), 1.0);
    }
    is(&found, "cache_core_gate_held_seconds ", 1.0);
    is(&found, "cache_core_gate_waited_seconds ", 2.0);

    // Loads.
    for _ in 0..3 {
        let found = async || Ok::<_, Infallible>(Some(Note { id: 1 }));
        assert!(Note::get_or_load(&cache, 1, found).await.unwrap().is_some());
    }
    let found = counted(snapshotter);
    is(&found, "cache_core_loads_total model=Note outcome=miss", 1.0);
    is(&found, "cache_core_loads_total model=Note outcome=hit", 2.0);
    is(&found, "cache_core_loader_runs_total model=Note outcome=ok", 1.0);

    // The server goes.
    let lenient = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap();
    is(&counted(snapshotter), "cache_core_degraded ", 0.0);
    drop((cache, other));
    let away = server.url();
    drop(server);
    while lenient.is_enabled() {
        let _ = lenient.ping().await;
    }
    is(&counted(snapshotter), "cache_core_degraded ", 1.0);
    // What it knows that it cannot send, and what nobody takes, is counted and takes no time.
    let plain = connect_lazy(speaking(away, protocol)).unwrap();
    for cache in [&lenient, &plain] {
        for _ in 0..3 {
            cache.command(Command::new("GET").key("k")).await.unwrap_err();
        }
    }
    let found = counted(snapshotter);
    is(&found, "cache_core_commands_total command=GET outcome=unavailable", 6.0);
    is(&found, "cache_core_call_duration_seconds operation=GET", 0.0);
    is(&found, "cache_core_call_duration_seconds operation=PING", 0.0);
    is(&found, "cache_core_request_bytes_total ", 0.0);
}

/// The recorder is the process's: one case after the other, each until nothing of it is left that could be counted.
fn counts<F: Future<Output = ()>>(
    name: &str,
    protocol: Protocol,
    case: impl FnOnce(&'static Snapshotter, Protocol) -> F,
) {
    static INSTALLED: Mutex<Option<&'static Snapshotter>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    let snapshotter: &'static Snapshotter = installed.get_or_insert_with(|| {
        let recorder = DebuggingRecorder::new();
        let snapshotter: &'static Snapshotter = Box::leak(Box::new(recorder.snapshotter()));
        recorder.install().unwrap();
        snapshotter
    });
    let _ = counted(snapshotter);
    on_threads(name, protocol, |protocol| case(snapshotter, protocol));
}

cache_tests::both! { super::counts => calls_gates_loads_and_states_are_counted }
