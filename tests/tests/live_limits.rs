//! The edges: what cannot be stored or asked truthfully is refused, and what is cut says so.

use std::ops::Bound;
use std::time::Duration;

use cache_core::{
    Batch, Cache, CacheModel, Command, Error, Gate, GateError, Migrator, NameError, OnLost, OnUnavailable,
    Outcome, Protocol, QueryError, RedisSettings, Shortfall, Vector,
};
use cache_tests::{chain, connect_with, live, private_server};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Thing {
    #[primary_key]
    id: u32,
    #[index]
    tag: String,
    #[index(text)]
    text: String,
    #[index]
    single: f32,
    double: f64,
    wide: u128,
}

fn thing(id: u32) -> Thing {
    Thing {
        id, tag: "t".to_owned(), text: "straße ÄPFEL five".to_owned(), single: 0.1, double: 0.5, wide: 7
    }
}

async fn what_would_come_back_as_something_else_is_refused(cache: Cache) {
    for broken in [
        Thing { double: f64::NAN, ..thing(1) },
        Thing { single: f32::INFINITY, ..thing(1) },
        Thing { wide: u128::MAX, ..thing(1) },
    ] {
        let error = broken.save(&cache).await.unwrap_err();
        assert!(matches!(error, Error::Serialize { model: "Thing", .. }), "{error}");
        assert!(!Thing::exists(&cache, 1).await.unwrap());
    }
    let largest = Thing { wide: u128::from(u64::MAX), ..thing(1) };
    let _ = largest.save(&cache).await.unwrap();
    assert_eq!(Thing::get(&cache, 1).await.unwrap().unwrap(), largest);
}

async fn singles_are_compared_as_they_are_stored(cache: Cache) {
    Migrator::new().register::<Thing>().run(&cache).await.unwrap();
    let _ = thing(1).save(&cache).await.unwrap();
    let filter = Thing::SINGLE.eq(0.1) & Thing::SINGLE.le(0.1);
    assert!(filter.accepts(&thing(1)).unwrap());
    assert_eq!(Thing::find().filter(filter).count(&cache).await.unwrap(), 1);
}

async fn tags_beyond_the_servers_counter_are_refused(cache: Cache) {
    Migrator::new().register::<Thing>().run(&cache).await.unwrap();
    let longest = "x".repeat(cache_core::MAX_TAG);
    let longer = format!("{longest}x");
    let _ = Thing { tag: longest.clone(), ..thing(1) }.save(&cache).await.unwrap();
    assert_eq!(Thing::find_by_tag(&longest).count(&cache).await.unwrap(), 1);
    let error = Thing { tag: longer.clone(), ..thing(2) }.save(&cache).await.unwrap_err();
    assert!(matches!(error, Error::TagTooLong { length: 65_536, .. }), "{error}");
    for filter in [Thing::TAG.eq(&longer), Thing::TAG.starts_with(&longer)] {
        let error = Thing::find().filter(filter).all(&cache).await.unwrap_err();
        assert!(matches!(error, Error::Query(QueryError::TooLong { .. })), "{error}");
    }
    // A text may be as long as it likes.
    let _ = Thing { text: "word ".repeat(20_000), ..thing(3) }.save(&cache).await.unwrap();
    assert_eq!(Thing::find().filter(Thing::TEXT.matches("word")).count(&cache).await.unwrap(), 1);
}

async fn a_prefix_that_the_server_reads_differently_is_refused(cache: Cache) {
    Migrator::new().register::<Thing>().run(&cache).await.unwrap();
    let _ = thing(1).save(&cache).await.unwrap();
    let count =
        async |prefix: &str| Thing::find().filter(Thing::TEXT.starts_with(prefix)).count(&cache).await;
    assert_eq!(count("FI").await.unwrap(), 1);
    assert_eq!(count("str").await.unwrap(), 1);
    for short in ["-5", "$5", "5 "] {
        let error = count(short).await.unwrap_err();
        assert!(matches!(error, Error::Query(QueryError::PrefixTooShort { .. })), "{short}: {error}");
    }
    for folded in ["straß", "ÄPF", "\u{FB01}ne", "🦀🦀"] {
        let error = count(folded).await.unwrap_err();
        assert!(matches!(error, Error::Query(QueryError::PrefixFolds { .. })), "{folded}: {error}");
    }
    let _ = Thing { text: "élan vital".to_owned(), ..thing(2) }.save(&cache).await.unwrap();
    assert_eq!(count("éla").await.unwrap(), 1);
}

async fn a_range_of_nothing_finds_nothing(cache: Cache) {
    Migrator::new().register::<Thing>().run(&cache).await.unwrap();
    let _ = thing(1).save(&cache).await.unwrap();
    let nothing = Thing::SINGLE.between((Bound::Excluded(0.1), Bound::Excluded(0.1)));
    assert_eq!(Thing::find().filter(nothing).count(&cache).await.unwrap(), 0);
}

async fn less_than_a_millisecond_is_not_nothing(cache: Cache) {
    let _ = thing(1).save(&cache).await.unwrap();
    // The answer says that the document was there; it lives for a millisecond more, not for none.
    assert!(Thing::expire(&cache, 1, Duration::from_nanos(1)).await.unwrap());
    assert!(!Thing::expire(&cache, 2, Duration::from_nanos(1)).await.unwrap());
}

async fn what_would_change_the_connection_for_everybody_is_refused(cache: Cache) {
    for words in [
        &["multi"][..],
        &["SELECT", "1"],
        &["CLIENT", "REPLY", "OFF"],
        &["SUBSCRIBE", "c"],
        &["UNSUBSCRIBE"],
        &["PSYNC", "?", "-1"],
        &["AUTH", "x"],
    ] {
        let command = Command::new(words[0]).args_from(&words[1..]);
        let error = cache.command(command.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{words:?}: {error}");
        let batch = Batch::pipeline(vec![Command::new("INCR").key("refused-with-it"), command]);
        let error = cache.batch(batch).await.unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{words:?}: {error}");
    }
    let key = format!("{}:visits", cache.keyspace().unwrap().global());
    let visit = || Command::new("INCR").key(&key);
    let answers = cache.batch(Batch::atomic(vec![visit(), visit().arg("too many"), visit()])).await;
    assert!(answers.is_err(), "a transaction that the server refuses is one error: {answers:?}");
    let set = Command::new("JSON.NUMINCRBY").key(&key).arg("$").arg("1");
    let answers = cache.batch(Batch::pipeline(vec![visit(), set, visit()])).await.unwrap();
    assert_eq!(answers[2].as_ref().unwrap().as_int(), Some(2));
    assert!(answers[1].is_err());
    cache.command(Command::new("CLIENT").arg("ID")).await.unwrap();
}

async fn bad_names_stay_bad(cache: Cache) {
    let cache = cache.project("").namespace("ok");
    let error = Gate::new("job").run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap_err();
    assert!(matches!(error, GateError::Server(Error::Name(NameError::Empty { what: "project" }))), "{error}");
    let error = thing(1).save(&cache.namespace("a\0b")).await.unwrap_err();
    assert!(matches!(error, Error::Name(NameError::Control { .. })), "{error}");
}

async fn gates_refuse_what_makes_no_sense(cache: Cache) {
    for gate in [Gate::new("job").ttl(Duration::MAX), Gate::new("cache:user")] {
        let error = gate.run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap_err();
        assert!(matches!(error, GateError::Settings(_)), "{error}");
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Placed {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    place: u32,
    #[index]
    vector: Vector<f32, 2>,
}

async fn what_the_server_cannot_count_is_refused_before_it_is_asked(cache: Cache) {
    Migrator::new().register::<Placed>().run(&cache).await.unwrap();
    for id in 1..=3 {
        let _ = Placed { id, place: id, vector: Vector::from([1.0, 0.5]) }.save(&cache).await.unwrap();
    }
    let keys = |count| (0..count).fold(Placed::find(), |query, _| query.then_by(Placed::PLACE.asc()));
    assert_eq!(keys(8).all(&cache).await.unwrap().len(), 3);
    let error = keys(9).all(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Query(QueryError::SortKeys { keys: 9, most: 8 })), "{error:?}");
    let nearest = |k| Placed::find().nearest(Placed::VECTOR.nearest(k, &Vector::from([1.0, 0.0])));
    assert_eq!(nearest(1_000_000).all(&cache).await.unwrap().len(), 3);
    let error = nearest(u64::MAX).all(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Query(QueryError::TooManyNearest { k: u64::MAX, .. })), "{error:?}");
}

async fn pages_beyond_the_end_have_nothing_however_far(cache: Cache) {
    Migrator::new().register::<Placed>().run(&cache).await.unwrap();
    for id in 1..=3 {
        let _ = Placed { id, place: id, vector: Vector::from([1.0, 0.5]) }.save(&cache).await.unwrap();
    }
    let far = u64::from(u32::MAX / 2) + 1;
    for (offset, limit) in [(3, 1), (1_000_001, 1), (far, 1), (u64::MAX, u64::MAX), (0, 0)] {
        for query in [Placed::find(), Placed::find().sort_by(Placed::PLACE.asc())] {
            let mut rows = query.clone().page(offset, limit).stream(&cache);
            let next = rows.next().await.transpose().unwrap();
            assert_eq!(next, None, "{offset} {limit}");
            assert!(query.page(offset, limit).all(&cache).await.unwrap().is_empty(), "{offset} {limit}");
        }
    }
    let mut rows = Placed::find().page(1, u64::MAX).stream(&cache);
    let mut count = 0;
    while rows.next().await.transpose().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 2);
}

async fn no_time_at_all_counts_as_a_millisecond(cache: Cache) {
    Migrator::new().register::<Placed>().run(&cache).await.unwrap();
    match Placed::find().timeout(Duration::ZERO).all(&cache).await {
        Ok(found) => assert!(found.is_empty()),
        Err(Error::Timeout { after, .. }) => assert_eq!(after, Duration::from_millis(1)),
        Err(error) => assert!(matches!(error, Error::Incomplete { .. }), "{error:?}"),
    }
}

live! {
    what_the_server_cannot_count_is_refused_before_it_is_asked,
    pages_beyond_the_end_have_nothing_however_far,
    no_time_at_all_counts_as_a_millisecond,
    what_would_come_back_as_something_else_is_refused,
    singles_are_compared_as_they_are_stored,
    tags_beyond_the_servers_counter_are_refused,
    a_prefix_that_the_server_reads_differently_is_refused,
    a_range_of_nothing_finds_nothing,
    less_than_a_millisecond_is_not_nothing,
    what_would_change_the_connection_for_everybody_is_refused,
    bad_names_stay_bad,
    gates_refuse_what_makes_no_sense,
}

#[tokio::test]
async fn a_page_beyond_what_the_server_answers_says_so() {
    let server = private_server().await;
    let cache = connect_with(server.url()).await.unwrap();
    cache.command(Command::new("FT.CONFIG").args_from(["SET", "MAXSEARCHRESULTS", "100"])).await.unwrap();
    let cache = connect_with(server.url()).await.unwrap();
    Migrator::new().register::<Thing>().run(&cache).await.unwrap();
    for id in 0..130 {
        let _ = thing(id).save(&cache).await.unwrap();
    }
    assert_eq!(Thing::find().page(50, 20).all(&cache).await.unwrap().len(), 20);
    for query in [
        Thing::find(),
        Thing::find().page(95, 20),
        Thing::find().page(100, 10),
        Thing::find().page(0, u64::MAX),
    ] {
        match query.all(&cache).await.unwrap_err() {
            Error::Incomplete { completeness, .. } => {
                assert!(
                    matches!(completeness.shortfalls(), [Shortfall::ResultCap { total: 130, .. }]),
                    "{query:?}"
                );
            }
            other => panic!("{query:?}: {}", chain(&other)),
        }
    }
    assert_eq!(Thing::find().page(u64::MAX, u64::MAX).all(&cache).await.unwrap().len(), 0);
    assert_eq!(Thing::find().count(&cache).await.unwrap(), 130);
    // Who may not ask how many that are does not know, and the server says so of what has no limit.
    let user = Command::new("ACL").args_from(["SETUSER", "shy", "on", ">p", "~*", "+@all", "-ft.config"]);
    cache.command(user).await.unwrap();
    let shy = RedisSettings::new(server.url()).username("shy").password("p");
    let shy = connect_with(shy).await.unwrap();
    assert_eq!(Thing::find().page(50, 20).all(&shy).await.unwrap().len(), 20);
    let error = chain(&Thing::find().all(&shy).await.unwrap_err());
    assert!(error.contains("LIMIT exceeds maximum of 100"), "{error}");
}

#[tokio::test]
async fn search_outside_database_0_is_refused() {
    let server = cache_core::embedded::Server::options().tcp(true).start().await.unwrap();
    let cache = connect_with(format!("{}/1", server.url())).await.unwrap();
    let _ = thing(1).save(&cache).await.unwrap();
    let error = Migrator::new().register::<Thing>().run(&cache).await.unwrap_err();
    assert!(
        chain(&error).contains("database 0, the only one that is indexed; the URL says 1"),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn the_longest_time_outs_are_no_panic() {
    let server = private_server().await;
    for timeout in [Duration::MAX, Duration::MAX / 2, Duration::MAX / 20] {
        let settings = RedisSettings::new(server.url()).response_timeout(timeout).connect_timeout(timeout);
        let cache = connect_with(settings).await.unwrap();
        Migrator::new().register::<Thing>().run(&cache).await.unwrap();
        assert_eq!(Thing::find().count(&cache).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn urls_that_are_none_say_what_to_write() {
    for (url, advice) in [
        ("localhost", "write `redis://host:port`"),
        ("", "write `redis://host:port`"),
        ("redis://", "write `redis://[user][:password@]host[:port][/db]`"),
        ("redis://user:secret", "its port is no number"),
    ] {
        let settings = RedisSettings::new(url).protocol(Protocol::Resp3);
        let error = connect_with(settings).await.unwrap_err().to_string();
        assert!(error.contains(advice), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_gate_that_cannot_ask_trusts_its_own_clock() {
    let server = private_server().await;
    let settings = RedisSettings::new(server.url()).response_timeout(Duration::from_millis(300));
    let cache = connect_with(settings).await.unwrap().project("p");
    let gate = Gate::new("job").ttl(Duration::from_millis(200)).renew(false).on_lost(OnLost::Signal);
    let outcome = gate
        .run(&cache, async |lease| {
            server.kill().await.unwrap();
            while lease.check().is_ok() {
                tokio::task::yield_now().await;
            }
            Ok::<_, GateError>(1)
        })
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Lost(Some(1))), "{outcome:?}");
    // Without a server the work is not done, and that is no error unless it is to be one.
    let run = async |gate: Gate| gate.run(&cache, async |lease| Ok::<_, GateError>(lease.is_leased())).await;
    assert!(matches!(run(gate.clone()).await, Ok(Outcome::Unavailable(_))));
    assert!(matches!(run(gate.clone().on_unavailable(OnUnavailable::Fail)).await, Err(GateError::Server(_))));
    let unleased = run(gate.clone().on_unavailable(OnUnavailable::RunUnleased)).await;
    assert!(matches!(unleased, Ok(Outcome::Ran(false))), "{unleased:?}");
}

#[tokio::test]
async fn a_server_that_evicts_locks_is_refused_by_the_strict() {
    let server = private_server().await;
    let cache = connect_with(RedisSettings::new(server.url())).await.unwrap().project("p");
    let gate = Gate::new("job").strict();
    assert!(gate.try_lock(&cache).await.unwrap().is_some());
    let evict = Command::new("CONFIG").arg("SET").arg("maxmemory-policy").arg("volatile-ttl");
    cache.command(evict).await.unwrap();
    // It is read once on a connection.
    let cache = connect_with(RedisSettings::new(server.url())).await.unwrap().project("p");
    let refused = gate.try_lock(&cache).await;
    assert!(
        matches!(&refused, Err(GateError::Evictable { policy }) if policy == "volatile-ttl"),
        "{refused:?}"
    );
    assert!(Gate::new("other").try_lock(&cache).await.unwrap().is_some());
}
