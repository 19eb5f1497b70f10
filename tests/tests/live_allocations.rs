//! What a call allocates, beside the same call by hand with the `redis` crate: counted, so that it is the same on every machine.
//!
//! All happens on one thread, the connection's own work too. What is counted is the fewest of many tries, as when buffers have
//! grown to their size.

use std::future::Future;

use allocation_counter::measure;
use cache_core::{Cache, CacheModel, Migrator, Protocol};
use redis::aio::MultiplexedConnection;
use redis::{Value, cmd};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

/// How often each is tried.
const TRIES: usize = 40;

/// How many more are let pass of what was counted when its number was written here. Tries and runs do not differ; another version of the
/// `redis` crate or of tokio may have one more, but not one more for each twenty documents, nor for each command of a call.
const MORE: u64 = 1;

/// Without an index, so that debug builds do not look at each document that is saved.
#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "plain")]
struct Plain {
    #[primary_key]
    id: u32,
    name: String,
    visits: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "book")]
struct Book {
    #[primary_key]
    id: u32,
    #[index]
    shelf: String,
    #[index(sortable)]
    price: i64,
    title: String,
}

impl Plain {
    fn new(id: u32) -> Self {
        Self { id, name: format!("name {id}"), visits: 0 }
    }
}

impl Book {
    fn new(id: u32) -> Self {
        Self { id, shelf: format!("shelf{}", id / 20), price: id.into(), title: format!("title {id}") }
    }
}

/// A cache and a connection by hand to the same server, on one thread.
struct Sides {
    runtime: Runtime,
    cache: Cache,
    hand: MultiplexedConnection,
}

impl Sides {
    fn new(test: &str, protocol: Protocol) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (cache, hand) = runtime.block_on(async {
            // Both sides are of the `redis` crate, whatever the other tests go through.
            let cache = cache_tests::connect_redis(&cache_tests::shared_url().await, protocol).await;
            // Names are as long in every run, since buffers grow by what is written.
            let cache = cache.project(&format!("{test}-{protocol:?}-{:010}", std::process::id()));
            let separator = if cache_tests::shared_url().await.contains('?') { '&' } else { '?' };
            let version = if protocol == Protocol::Resp3 { 3 } else { 2 };
            let url = format!("{}{separator}protocol=resp{version}", cache_tests::shared_url().await);
            let client = redis::Client::open(url).unwrap();
            (cache, client.get_multiplexed_async_connection().await.unwrap())
        });
        Self { runtime, cache, hand }
    }

    fn key(&self, of: &str, id: u32) -> String {
        format!("{}:{of}:{id}", self.cache.keyspace().unwrap().global())
    }

    /// How often a call allocates.
    fn count<F: Future>(&self, call: impl Fn() -> F) -> u64 {
        let once = || measure(|| drop(self.runtime.block_on(call()))).count_total;
        (0..TRIES).map(|_| once()).min().unwrap()
    }
}

/// Says what was counted, and refuses more than what is known, and more than by hand and these.
fn at_most(what: &str, ours: u64, known: u64, by_hand: u64, beyond: u64) {
    println!("{what}: {ours} allocations, {known} known, {by_hand} by hand");
    assert!(
        ours <= known + MORE,
        "{what} allocates {ours} times, and {known} times are known: more than {MORE} more"
    );
    assert!(
        ours <= by_hand + beyond,
        "{what} allocates {ours} times, by hand {by_hand} times: more than {beyond} more"
    );
}

fn a_document_is_read_and_written_with_hardly_more_than_by_hand(protocol: Protocol) {
    let sides = Sides::new("allocations_one", protocol);
    let (cache, hand) = (&sides.cache, &sides.hand);
    let document = Plain::new(7);
    let ours = sides.count(async || assert!(document.save(cache).await.unwrap().stored()));
    let by_hand = sides.count(async || {
        let (mut hand, key) = (hand.clone(), sides.key("plain", 7));
        let json = serde_json::to_string(&document).unwrap();
        let _: () = cmd("JSON.SET").arg(key).arg("$").arg(json).query_async(&mut hand).await.unwrap();
    });
    at_most("save", ours, 13, by_hand, 2);

    let ours = sides.count(async || assert!(Plain::get(cache, 7).await.unwrap().is_some()));
    let by_hand = sides.count(async || {
        let (mut hand, key) = (hand.clone(), sides.key("plain", 7));
        let json: Vec<u8> = cmd("JSON.GET").arg(key).query_async(&mut hand).await.unwrap();
        serde_json::from_slice::<Plain>(&json).unwrap()
    });
    at_most("get", ours, 8, by_hand, 2);
}

fn many_documents_are_read_and_written_with_few_more_each(protocol: Protocol) {
    const MANY: u32 = 100;
    let sides = Sides::new("allocations_many", protocol);
    let (cache, hand) = (&sides.cache, &sides.hand);
    let documents: Vec<_> = (0..MANY).map(Plain::new).collect();
    let ours = sides.count(async || {
        for saved in Plain::save_many(cache, &documents).await {
            assert!(saved.unwrap().stored());
        }
    });
    let by_hand = sides.count(async || {
        let (mut hand, mut pipeline) = (hand.clone(), redis::pipe());
        for document in &documents {
            let json = serde_json::to_string(document).unwrap();
            pipeline.cmd("JSON.SET").arg(sides.key("plain", document.id)).arg("$").arg(json);
        }
        let _: Vec<Value> = pipeline.query_async(&mut hand).await.unwrap();
    });
    at_most("save_many(100)", ours, 625, by_hand, 0);

    let ours = sides.count(async || assert_eq!(Plain::get_many(cache, 0..MANY).await.unwrap().len(), 100));
    let by_hand = sides.count(async || {
        let (mut hand, mut get) = (hand.clone(), cmd("JSON.MGET"));
        for id in 0..MANY {
            get.arg(sides.key("plain", id));
        }
        let jsons: Vec<Vec<u8>> = get.arg("$").query_async(&mut hand).await.unwrap();
        jsons.iter().map(|json| serde_json::from_slice::<[Plain; 1]>(json).unwrap()).collect::<Vec<_>>()
    });
    at_most("get_many(100)", ours, 125, by_hand, 0);
}

fn a_query_allocates_little_beside_its_documents(protocol: Protocol) {
    let sides = Sides::new("allocations_query", protocol);
    let (cache, hand) = (&sides.cache, &sides.hand);
    sides.runtime.block_on(async {
        Migrator::new().register::<Book>().run(cache).await.unwrap();
        for saved in Book::save_many(cache, (0..200).map(Book::new)).await {
            assert!(saved.unwrap().stored());
        }
    });
    let index = format!("{}:book:idx", cache.keyspace().unwrap().global());
    let ours = sides.count(async || {
        let found = Book::find_by_shelf("shelf3").all(cache).await.unwrap();
        assert_eq!(found.len(), 20);
        found
    });
    let by_hand = sides.count(async || {
        let (mut hand, mut find) = (hand.clone(), cmd("FT.SEARCH"));
        find.arg(&index).arg("@shelf:{$shelf}").arg("RETURN").arg(1).arg("$").arg("LIMIT").arg(0).arg(10_000);
        find.arg("PARAMS").arg(2).arg("shelf").arg("shelf3").arg("DIALECT").arg(2);
        let answer: Value = find.query_async(&mut hand).await.unwrap();
        let books = of_search(&answer);
        assert_eq!(books.len(), 20);
        books
    });
    // In RESP2, which does not hear of flushes, each query has a look at its index beside it, whose answer is long; by hand there is none.
    let (known, beyond) = if protocol == Protocol::Resp3 { (117, 0) } else { (345, 209) };
    at_most("find, 20 documents", ours, known, by_hand, beyond);

    let ours = sides.count(async || assert_eq!(Book::find_by_price(10..60).count(cache).await.unwrap(), 50));
    let by_hand = sides.count(async || {
        let (mut hand, mut find) = (hand.clone(), cmd("FT.SEARCH"));
        find.arg(&index).arg("@price:[$low ($end]").arg("LIMIT").arg(0).arg(0);
        find.arg("PARAMS").arg(4).arg("low").arg(10).arg("end").arg(60).arg("DIALECT").arg(2);
        let answer: Value = find.query_async(&mut hand).await.unwrap();
        assert!(matches!(answer, Value::Map(_) | Value::Array(_)));
    });
    let (known, beyond) = if protocol == Protocol::Resp3 { (39, 19) } else { (271, 260) };
    at_most("count", ours, known, by_hand, beyond);
}

/// The documents of a search.
fn of_search(answer: &Value) -> Vec<Book> {
    fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
        let Value::Map(pairs) = value else { return None };
        let is_it = |key: &Value| match key {
            Value::SimpleString(text) => text == name,
            Value::BulkString(bytes) => bytes == name.as_bytes(),
            _ => false,
        };
        pairs.iter().find_map(|(key, value)| is_it(key).then_some(value))
    }
    let book = |json: &Value| match json {
        Value::BulkString(json) => serde_json::from_slice(json).ok(),
        _ => None,
    };
    // In RESP2, behind each key stands a list of the name `$` and the document.
    if let Value::Array(parts) = answer {
        let pair = |part: &Value| if let Value::Array(pair) = part { book(pair.get(1)?) } else { None };
        return parts.iter().skip(2).step_by(2).filter_map(pair).collect();
    }
    let Some(Value::Array(hits)) = member(answer, "results") else { panic!("no hits: {answer:?}") };
    hits.iter().filter_map(|hit| book(member(member(hit, "extra_attributes")?, "$")?)).collect()
}

cache_tests::both! {
    cache_tests::without_runtime =>
        a_document_is_read_and_written_with_hardly_more_than_by_hand,
        many_documents_are_read_and_written_with_few_more_each,
        a_query_allocates_little_beside_its_documents;
}
