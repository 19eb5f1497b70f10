//! Calls from code that is not asynchronous.

use std::thread;
use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::{Blocking, Cache, CacheModel, Error, Migrator, Protocol};
use cache_tests::{connect_with, private_server, speaking};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    #[index]
    text: String,
}

fn note(id: u32) -> Note {
    Note { id, text: "x".to_owned() }
}

/// A server, and the runtime that it needs.
fn server() -> (tokio::runtime::Runtime, Server) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(private_server());
    (runtime, server)
}

fn a_program_without_a_runtime(protocol: Protocol) {
    let (_runtime, server) = server();
    let blocking =
        Blocking::connect(speaking(server.url(), protocol)).unwrap().with(|cache| cache.project("shop"));
    blocking.wait(Migrator::new().register::<Note>().run(blocking.cache())).unwrap();
    let writers: Vec<_> = (0..8)
        .map(|thread| {
            let blocking = blocking.clone();
            thread::spawn(move || {
                for id in 0..50 {
                    let saved = blocking.wait(note(thread * 50 + id).save(blocking.cache()));
                    assert!(saved.unwrap().stored());
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(blocking.wait(Note::find().count(blocking.cache())).unwrap(), 400);
    assert_eq!(blocking.wait(Note::get(blocking.cache(), 7)).unwrap(), Some(note(7)));
    // What goes on in the background goes on between calls.
    assert!(blocking.cache().readiness().is_ready());
    let error = Blocking::connect("redis://127.0.0.1:1").unwrap_err();
    assert!(error.is_unavailable(), "{error}");
}

/// Who boots so, and goes on asynchronously, uses its index for as long as it has its cache.
fn what_a_boot_leaves_to_be_done_goes_on_without_it(protocol: Protocol) {
    let (runtime, server) = server();
    let cache = runtime.block_on(Cache::connect(speaking(server.url(), protocol))).unwrap();
    let lease = Duration::from_millis(400);
    let migrator = Migrator::new().register::<Note>().lease_for(lease);
    cache.blocking().unwrap().wait(migrator.run(&cache)).unwrap();
    let (began, mut held) = (Instant::now(), Instant::now());
    // And it is held at the end.
    while began.elapsed() < lease * 5 || held.elapsed() > lease {
        let seen = runtime.block_on(migrator.inspect(&cache)).unwrap().remove(0);
        // On a busy machine it may be renewed a moment late.
        let is_held = seen.leases[0].until > seen.now;
        if is_held {
            held = Instant::now();
        }
        let passed = held.elapsed();
        assert!(is_held || passed < lease * 10, "for {passed:?}: {:?}", seen.leases);
    }
}

fn a_thread_beside_an_asynchronous_service(protocol: Protocol) {
    let (runtime, server) = server();
    // Not `fred`, whose connection ends with the runtime that it was made in.
    let cache = runtime.block_on(Cache::connect(speaking(server.url(), protocol))).unwrap();
    let blocking = cache.blocking().unwrap();
    assert!(blocking.wait(note(1).save(&cache)).unwrap().stored());
    let within = cache.clone();
    runtime.block_on(async move {
        let blocking = within.blocking().unwrap();
        let there = tokio::task::spawn_blocking(move || blocking.wait(Note::get(&within, 1))).await.unwrap();
        assert_eq!(there.unwrap(), Some(note(1)));
    });
    // The connection is made anew when the runtime that made it has ended.
    drop(runtime);
    assert_eq!(blocking.wait(Note::get(&cache, 1)).unwrap(), Some(note(1)));
}

fn where_it_does_harm_it_ends_with_its_deadline(protocol: Protocol) {
    let (_runtime, server) = server();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let settings = speaking(server.url(), protocol).response_timeout(Duration::from_millis(300));
        let cache = connect_with(settings).await.unwrap();
        let began = Instant::now();
        // The only thread that could read the answer waits for it.
        let error = cache.blocking().unwrap().wait(Note::get(&cache, 1)).unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
        assert!(began.elapsed() < Duration::from_secs(2));
        assert_eq!(Note::get(&cache, 1).await.unwrap(), None, "it works as before");
    });
}

cache_tests::both! {
    cache_tests::without_runtime =>
        a_program_without_a_runtime,
        what_a_boot_leaves_to_be_done_goes_on_without_it,
        a_thread_beside_an_asynchronous_service,
        where_it_does_harm_it_ends_with_its_deadline;
}
