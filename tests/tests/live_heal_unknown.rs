//! Processes that never ran a migrator: what an index lacks is found out before its first answer is believed.

use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{
    Batch, Cache, CacheModel, Command, Error, IndexSchema, IndexState, Migrator, Protocol, Ready,
    RedisSettings, Shortfall,
};
use cache_tests::releases::{index, save, second, write};
use cache_tests::{connect, connect_with, private_server};

type User = second::User;

const BAD: &str = r#"{"id":1000,"name":"n1","age":"old"}"#;
const MENDED: &str = r#"{"id":1000,"name":"n1","age":7}"#;

fn migrator() -> Migrator {
    Migrator::new().register::<User>()
}

/// Makes the index by hand, without the documents that are there.
async fn by_hand(cache: &Cache) {
    let _ = cache.command(unfilled(cache)).await.unwrap();
}

fn unfilled(cache: &Cache) -> Command {
    let create = User::schema().create_index(cache.keyspace().unwrap()).unwrap();
    let mut unfilled = Command::new("FT.CREATE");
    for argument in create.args().skip(1) {
        unfilled = unfilled.args_from((argument == b"SCHEMA").then_some("SKIPINITIALSCAN")).arg(argument);
    }
    unfilled
}

/// How often the server did this since it was started.
async fn calls(cache: &Cache, command: &str) -> u64 {
    let stats = cache.command(Command::new("INFO").arg("commandstats")).await.unwrap();
    let start = format!("cmdstat_{command}:calls=");
    let line = stats.as_str().unwrap().lines().find_map(|line| line.strip_prefix(&start).map(str::to_owned));
    line.and_then(|line| line.split_once(',')?.0.parse().ok()).unwrap_or_default()
}

fn lacks(answer: cache_core::Result<u64>, number: u64) {
    match answer {
        Err(Error::Incomplete { completeness, .. }) => {
            assert_eq!(completeness.shortfalls(), [Shortfall::FailedDocuments(number)]);
        }
        other => panic!("{other:?}"),
    }
}

async fn an_index_without_its_documents(protocol: Protocol) {
    let server = private_server().await;
    let process = async || connect(&server.url(), protocol).await;
    let first = process().await;
    save(&first, 20).await;
    by_hand(&first).await;
    lacks(User::find().count(&process().await).await, 20);
    let waits = cache_core::IndexPolicy::WaitUpTo(Duration::from_secs(20));
    lacks(User::find().while_indexing(waits).count(&process().await).await, 20);
    // All at once, too.
    let many = process().await;
    let asked: Vec<_> = (0..8).map(|_| many.clone()).collect();
    let asked = asked.into_iter().map(|cache| tokio::spawn(async move { User::find().count(&cache).await }));
    for answer in asked.collect::<Vec<_>>() {
        lacks(answer.await.unwrap(), 20);
    }
    // Whoever asks how it is, hears so; and so does whoever watches.
    let readiness = migrator().readiness(&process().await).await.unwrap();
    assert_eq!(readiness.indexes()[0].state, IndexState::FailedDocuments(20), "{readiness}");
    let watching = process().await;
    let watch = migrator().watch(&watching).unwrap();
    let began = Instant::now();
    while watching.readiness().indexes()[0].state != IndexState::FailedDocuments(20) {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", watching.readiness());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(watch);
    // And a process that knew another index of this name, when it asks.
    drop(first);
    let knows = process().await;
    let drop_index = Command::new("FT.DROPINDEX").arg(index::<User>(&knows));
    knows.command(drop_index.clone()).await.unwrap();
    migrator().run(&knows).await.unwrap();
    assert_eq!(migrator().readiness(&knows).await.unwrap().overall(), Ready::Yes);
    knows.command(drop_index).await.unwrap();
    by_hand(&knows).await;
    let readiness = migrator().readiness(&knows).await.unwrap();
    assert_eq!(readiness.indexes()[0].state, IndexState::FailedDocuments(20), "{readiness}");
}

/// A process that knows its index notices with its next look that it is another one, which somebody made by hand.
async fn another_index_under_the_same_name(protocol: Protocol) {
    let server = private_server().await;
    let process = async || connect(&server.url(), protocol).await;
    let knows = process().await;
    save(&knows, 20).await;
    migrator().run(&knows).await.unwrap();
    let watch = migrator().watch_every(&knows, Duration::from_secs(1)).unwrap();
    assert_eq!(User::find().count(&knows).await.unwrap(), 20);
    let drop_index = Command::new("FT.DROPINDEX").arg(index::<User>(&knows));
    let other = process().await;
    // At one moment, so that nobody misses it.
    let answers =
        other.connection().send_all(Batch::atomic(vec![drop_index, unfilled(&other)])).await.unwrap();
    answers.into_iter().for_each(|answer| drop(answer.unwrap()));
    write(&other, 1_000, MENDED).await;
    let began = Instant::now();
    while User::find().count(&knows).await.is_ok() {
        assert!(protocol == Protocol::Resp3, "each query looks");
        assert!(began.elapsed() < Duration::from_secs(20), "21 documents are there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    lacks(User::find().count(&knows).await, 20);
    drop(watch);
}

/// Where the comparison is kept from being made, answers say that it was not.
async fn what_cannot_be_compared_now(protocol: Protocol) {
    let server = private_server().await;
    let first = connect(&server.url(), protocol).await;
    save(&first, 20).await;
    by_hand(&first).await;
    let proxy = Proxy::start(&server.url()).await.unwrap();
    let settings = RedisSettings::new(proxy.url()).protocol(protocol);
    let cache = connect_with(settings.response_timeout(Duration::from_millis(500))).await.unwrap();
    proxy.plan(|chunk| {
        let scans = chunk.bytes.windows(4).any(|word| word == b"SCAN");
        (scans && chunk.direction == Direction::ToServer).then_some(Fault::Silence)
    });
    for _ in 0..2 {
        match User::find().count(&cache).await {
            Err(error) => assert!(error.is_indexing() || error.is_unavailable(), "{error}"),
            Ok(found) => panic!("{found} of 20 are told as all"),
        }
    }
    let partial = User::find().allow_partial().count(&first).await.unwrap();
    assert_eq!(partial, 0);
    proxy.calm();
    proxy.reset_all();
    let began = Instant::now();
    loop {
        match User::find().count(&cache).await {
            Err(Error::Incomplete { completeness, .. })
                if completeness.shortfalls() == [Shortfall::FailedDocuments(20)] =>
            {
                break;
            }
            Err(error) => assert!(error.is_indexing() || error.is_unavailable(), "{error}"),
            Ok(found) => panic!("{found} of 20 are told as all"),
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it is compared once it can be");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn a_document_that_was_mended(protocol: Protocol) {
    let server = private_server().await;
    let process = async || connect(&server.url(), protocol).await;
    let first = process().await;
    save(&first, 20).await;
    let bad = write(&first, 1_000, BAD).await;
    migrator().run(&first).await.unwrap();
    lacks(User::find().count(&process().await).await, 1);
    write(&first, 1_000, MENDED).await;
    let scans = calls(&first, "scan").await;
    for _ in 0..3 {
        assert_eq!(User::find().count(&process().await).await.unwrap(), 21);
    }
    assert_eq!(
        calls(&first, "scan").await,
        scans,
        "what was found out before does, without reading all keys"
    );
    // So it is where the counter says more than anybody found out.
    for _ in 0..5 {
        write(&first, 1_000, BAD).await;
    }
    lacks(User::find().count(&process().await).await, 1);
    first.command(Command::new("DEL").key(&bad)).await.unwrap();
    assert_eq!(User::find().count(&process().await).await.unwrap(), 20);
}

/// Whoever may not read the keys is told what the server's counter says.
async fn a_reader_who_may_not_look(protocol: Protocol) {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), protocol).await;
    save(&admin, 20).await;
    let create = User::schema().create_index(admin.keyspace().unwrap()).unwrap();
    admin.command(create).await.unwrap();
    while User::find().count(&admin).await.ok() != Some(20) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let set = ["SETUSER", "ann", "on", ">p", "~*", "&*", "+@all", "-scan", "-eval", "-evalsha"];
    admin.command(Command::new("ACL").args_from(set)).await.unwrap();
    let url = format!("redis://ann:p@127.0.0.1:{}", server.port().unwrap());
    let ann = connect(&url, protocol).await;
    assert_eq!(User::find().count(&ann).await.unwrap(), 20, "{protocol:?}");
    write(&admin, 1_000, BAD).await;
    lacks(User::find().count(&connect(&url, protocol).await).await, 1);
}

cache_tests::both! {
    cache_tests::on_threads =>
        an_index_without_its_documents,
        another_index_under_the_same_name,
        what_cannot_be_compared_now,
        a_document_that_was_mended,
        a_reader_who_may_not_look;
}
