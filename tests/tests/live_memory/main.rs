//! Documents without a server: the same calls, one by one, to `testkit::Memory` and to a real server, with the same answers.

// A file imports from those before it: calls, answers.

mod answers;
mod calls;

use std::time::Duration;

use answers::{answer, keys_of};
use cache_core::testkit::Memory;
use cache_core::{
    Cache, CacheModel, CacheView, Command, Error, Filter, Gate, GateError, Migrator, RawQuery, Ttl,
};
use cache_tests::{chain, live};
use calls::{Call, Plain, Thing, call};
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde::Deserialize;

/// The same cache, without a server.
fn memory_of(cache: &Cache) -> Cache {
    Memory::cache().namespace(cache.keyspace().unwrap().global())
}

async fn both_answer_alike(calls: &[Call], server: &Cache) -> Result<(), String> {
    let memory = memory_of(server);
    let left =
        keys_of::<Thing>(server).await.unwrap().into_iter().chain(keys_of::<Plain>(server).await.unwrap());
    for key in left.collect::<Vec<_>>() {
        let id: u8 = key.rsplit(':').next().unwrap().parse().unwrap();
        Thing::delete_by_id(server, id).await.unwrap();
        Plain::delete_by_id(server, id).await.unwrap();
    }
    for (number, call) in calls.iter().enumerate() {
        let (here, there) = (answer(call, &memory).await, answer(call, server).await);
        if here != there {
            return Err(format!("call {number}, {call:?}\nmemory: {here}\nserver: {there}"));
        }
    }
    Ok(())
}

async fn calls_are_answered_as_by_a_server(cache: Cache) {
    Migrator::new().register::<Thing>().run(&cache).await.unwrap();
    let config = Config { cases: 60, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let here = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let outcome = TestRunner::new(config).run(&vec(call(), 1..40), |calls| {
            here.block_on(both_answer_alike(&calls, &cache)).map_err(TestCaseError::fail)
        });
        if let Err(TestError::Fail(why, calls)) = outcome {
            panic!("{why}\nafter {calls:#?}");
        }
    });
}

#[derive(Debug, Deserialize, CacheView)]
#[cache(model = Thing)]
#[allow(dead_code, reason = "it is never read")]
struct City {
    city: String,
}

fn refused<T>(what: &str, result: Result<T, Error>) {
    match result {
        Err(error @ Error::Unsupported { .. }) => {
            let said = chain(&error);
            assert!(said.contains(what) && said.contains("cache_core::test"), "{said}");
        }
        Err(error) => panic!("{what}: {}", chain(&error)),
        Ok(_) => panic!("{what} was done"),
    }
}

async fn what_only_a_server_does_is_refused_by_name(server: Cache) {
    let cache = memory_of(&server);
    let things: Vec<_> = (0..4)
        .map(|id| Thing {
            id,
            city: "Bern".to_owned(),
            age: None,
            bio: "rust redis".to_owned(),
            tags: Vec::new(),
            open: true,
            number: None,
            version: 0,
            score: 0.0,
            single: 0.0,
            small: 0,
        })
        .collect();
    for saved in Thing::save_many(&cache, &things).await {
        assert!(saved.unwrap().stored());
    }
    let words = Thing::find().filter(Thing::BIO.matches("rust"));
    assert_eq!(words.all(&cache).await.unwrap().len(), 4);
    assert!(words.exists(&cache).await.unwrap());
    refused("scores decide", words.first(&cache).await);
    refused("query for scores", words.clone().with_score().all(&cache).await);
    refused("views", Thing::find().select::<City>().all(&cache).await);
    refused("explain", words.explain(&cache).await);
    refused("an aggregation", Thing::find().group_by(Thing::CITY).rows::<serde_json::Value>(&cache).await);
    refused("`INCR`", cache.command(Command::new("INCR").key("n")).await);
    let raw = Thing::find().filter(Filter::raw(RawQuery::new("@city:{Bern}"))).all(&cache).await.unwrap_err();
    assert!(matches!(raw, Error::Query(_)), "{raw}");
    let migrated = Migrator::new().register::<Thing>().run(&cache).await.unwrap_err();
    assert!(chain(&migrated).contains("testkit::Memory"), "{}", chain(&migrated));
    let gate = Gate::new("job")
        .run(&cache.clone().project("shop"), async |_| Ok::<_, GateError>(()))
        .await
        .unwrap_err();
    assert!(chain(&gate).contains("testkit::Memory"), "{}", chain(&gate));
    // A document that no index would take is told of, as by a server.
    let key = format!("{}:thing:9", cache.keyspace().unwrap().global());
    let broken = Command::new("JSON.SET").key(key).arg("$").arg(r#"{"id":9,"city":7}"#);
    cache.command(broken).await.unwrap();
    assert!(matches!(Thing::find().all(&cache).await, Err(Error::Incomplete { .. })));
    assert_eq!(Thing::find().allow_partial().all(&cache).await.unwrap().len(), 4);
}

async fn documents_end_by_the_clock_of_the_test(_server: Cache) {
    let test = async {
        let cache = Memory::cache();
        let _ = Plain { id: 1, text: String::new() }.save(&cache).await.unwrap();
        tokio::time::advance(Duration::from_millis(3_599_998)).await;
        assert_eq!(Plain::ttl(&cache, 1).await.unwrap(), Ttl::Remaining(Duration::from_millis(2)));
        tokio::time::advance(Duration::from_millis(2)).await;
        assert_eq!(Plain::ttl(&cache, 1).await.unwrap(), Ttl::Missing);
        assert_eq!(Plain::count_all(&cache).await.unwrap(), 0);
    };
    std::thread::scope(|scope| {
        let paused = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        scope.spawn(move || paused().unwrap().block_on(test)).join().unwrap();
    });
}

live!(
    calls_are_answered_as_by_a_server,
    what_only_a_server_does_is_refused_by_name,
    documents_end_by_the_clock_of_the_test,
);
