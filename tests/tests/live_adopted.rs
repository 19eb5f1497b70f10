//! Connections of the `redis` crate that a service has already.

use std::sync::Arc;
use std::time::Duration;

use cache_core::connection::RedisAdapter;
use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{
    Batch, Cache, CacheModel, Command, Connection, Degrade, Durability, Error, Gate, GateError, Migrator,
    Outcome, Protocol, RedisSettings, Reply, ServerErrorKind,
};
use cache_tests::chain;
use cache_tests::cluster::{Nodes, one_node};
use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::{AsyncConnectionConfig, Client, ProtocolVersion};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "note")]
struct Note {
    #[primary_key]
    id: u32,
    #[index]
    of: String,
}

fn note(id: u32) -> Note {
    Note { id, of: "ann".to_owned() }
}

fn client(url: &str, protocol: Protocol) -> Client {
    let version = if protocol == Protocol::Resp2 { "resp2" } else { "resp3" };
    Client::open(format!("{url}/?protocol={version}")).unwrap()
}

async fn multiplexed(url: &str, protocol: Protocol) -> MultiplexedConnection {
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    client(url, protocol).get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

async fn manager(url: &str, protocol: Protocol) -> ConnectionManager {
    let config = ConnectionManagerConfig::new().set_response_timeout(None);
    ConnectionManager::new_with_config(client(url, protocol), config).await.unwrap()
}

/// What a service does all day.
async fn used(connection: &Arc<dyn Connection>, protocol: Protocol) -> Cache {
    let cache = Cache::from_connection(connection.clone()).project("shop");
    let cache = &cache;
    assert_eq!(cache.capabilities().protocol, protocol);
    assert!(cache.capabilities().search.is_some() && cache.capabilities().json.is_some());
    Migrator::new().register::<Note>().run(cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    for saved in Note::save_many(cache, (0..100).map(note)).await {
        let _ = saved.unwrap();
    }
    assert_eq!(Note::get(cache, 7).await.unwrap(), Some(note(7)));
    assert_eq!(Note::find_by_of("ann").count(cache).await.unwrap(), 100);
    assert_eq!(Note::find_by_of("ann").page(0, 10).all(cache).await.unwrap().len(), 10);
    // An index that somebody drops is noticed by the query itself.
    cache.command(Command::new("FLUSHALL")).await.unwrap();
    assert_eq!(counted(cache).await, 0);
    let one = Batch::atomic(vec![Command::new("INCR").key("n"), Command::new("INCR").key("n")]);
    let answers: Vec<_> = connection.send_all(one).await.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [Reply::Int(1), Reply::Int(2)]);
    let error = cache.command(Command::new("LPUSH").key("n").arg("x")).await.unwrap_err();
    assert!(
        matches!(&error, Error::Server { source, .. } if source.kind() == ServerErrorKind::WrongType),
        "{}",
        chain(&error)
    );
    let won = Gate::new("once").run(cache, async |_| Ok::<_, GateError>(7)).await.unwrap();
    assert!(matches!(won, Outcome::Ran(7)), "{won:?}");
    cache.clone()
}

/// How many there are, once the index that was made again is filled. No answer comes from before that.
async fn counted(cache: &Cache) -> u64 {
    for _ in 0..1_000 {
        match Note::find_by_of("ann").count(cache).await {
            Err(Error::Incomplete { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            counted => return counted.unwrap_or_else(|error| panic!("{}", chain(&error))),
        }
    }
    panic!("the index is never filled");
}

async fn a_multiplexed_one(protocol: Protocol) {
    let server = private_server_on_tcp().await;
    let mut own = multiplexed(&server.url(), protocol).await;
    let connection = RedisAdapter::new(own.clone()).connect().await.unwrap();
    let cache = used(&connection, protocol).await;
    // The service goes on using it.
    let kept: i64 = redis::cmd("INCR").arg("n").query_async(&mut own).await.unwrap();
    assert_eq!(kept, 3);
    // One connection: what it says of replicas is of what was written on it.
    let durable =
        Gate::new("durable").durability(Durability::Wait { replicas: 1, timeout: Duration::from_millis(50) });
    let outcome = durable.run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap();
    assert!(matches!(outcome, Outcome::NotDurable { acknowledged: 0, wanted: 1 }), "{outcome:?}");
    // It is not made anew: all calls fail, and at once.
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    for _ in 0..2 {
        let error = cache.ping().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{}", chain(&error));
    }
}

async fn a_manager(protocol: Protocol) {
    let server = private_server_on_tcp().await;
    let connection = RedisAdapter::new(manager(&server.url(), protocol).await).connect().await.unwrap();
    let cache = used(&connection, protocol).await;
    let durable =
        Gate::new("durable").durability(Durability::Wait { replicas: 1, timeout: Duration::from_millis(50) });
    let error = durable.run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap_err();
    assert!(chain(&error).contains("Cache::connect"), "{}", chain(&error));
    // Made anew, by which nothing is answered from before.
    let _ = note(1).save(&cache).await.unwrap();
    let before = connection.generation();
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    let began = std::time::Instant::now();
    while let Err(error) = cache.ping().await {
        assert!(error.is_unavailable(), "{}", chain(&error));
        assert!(began.elapsed() < Duration::from_secs(20), "{}", chain(&error));
    }
    assert!(protocol == Protocol::Resp3 || connection.generation() > before);
    assert_eq!(Note::get(&cache, 1).await.unwrap(), None);
    assert_eq!(counted(&cache).await, 0);
}

/// A write whose answer is lost is an error, and is not sent again; a read is.
async fn nothing_is_written_twice(protocol: Protocol) {
    let server = private_server_on_tcp().await;
    let other = Cache::connect(server.url()).await.unwrap();
    let proxy = Proxy::start(&server.url()).await.unwrap();
    let connection = RedisAdapter::new(manager(&proxy.url(), protocol).await).connect().await.unwrap();
    let cache = Cache::from_connection(connection);
    for at in 1..=5 {
        proxy.next(Direction::ToClient, Fault::Reset);
        let error = cache.command(Command::new("INCR").key("n")).await.unwrap_err();
        assert!(error.is_unavailable(), "{}", chain(&error));
        assert_eq!(other.command(Command::new("GET").key("n")).await.unwrap().as_int(), Some(at));
        proxy.next(Direction::ToClient, Fault::Reset);
        let read = cache.command(Command::new("GET").key("n").repeatable()).await.unwrap();
        assert_eq!(read.as_int(), Some(at));
    }
}

async fn calls_are_bounded(protocol: Protocol) {
    let server = private_server_on_tcp().await;
    let adapter = RedisAdapter::new(multiplexed(&server.url(), protocol).await);
    let adapter = adapter.response_timeout(Duration::from_millis(300)).max_in_flight(2);
    let cache = Cache::from_connection(adapter.clone().connect().await.unwrap());
    server.pause().await.unwrap();
    let (one, two, three) = tokio::join!(cache.ping(), cache.ping(), cache.ping());
    assert!(matches!(one.unwrap_err(), Error::Timeout { .. }));
    assert!(matches!(two.unwrap_err(), Error::Timeout { .. }));
    assert!(matches!(three.unwrap_err(), Error::Busy { limit: 2 }));
    assert!(adapter.connect().await.err().unwrap().is_unavailable());
    server.resume().await.unwrap();
    // What was given up is not answered to another.
    for at in 0..100 {
        let echo = cache.command(Command::new("ECHO").arg_display(at)).await.unwrap();
        assert_eq!(echo.as_int(), Some(at));
    }
}

async fn a_cluster_is_refused(protocol: Protocol) {
    let server = one_node().await;
    let adapter = RedisAdapter::new(multiplexed(&server.url(), protocol).await);
    let error = adapter.connect().await.err().unwrap();
    assert!(matches!(error, Error::Unsupported { .. }), "{}", chain(&error));
    assert!(error.to_string().contains("Cache::connect"), "{error}");
}

/// It sends again what may have been done, and a cache over it would not know.
async fn a_connection_of_a_cluster_is_refused(protocol: Protocol) {
    let nodes = Nodes::start(3, 0).await;
    let version = if protocol == Protocol::Resp2 { ProtocolVersion::RESP2 } else { ProtocolVersion::RESP3 };
    let nodes_of = (0..nodes.count()).map(|at| nodes.url(at));
    let client = ClusterClientBuilder::new(nodes_of).use_protocol(version).build().unwrap();
    let mut connection = client.get_async_connection().await.unwrap();
    // It is one, and of all of it.
    for at in 0..20 {
        let _: () =
            redis::cmd("SET").arg(format!("key {at}")).arg(at).query_async(&mut connection).await.unwrap();
    }
    let error = RedisAdapter::new(connection.clone()).connect().await.err().unwrap();
    assert!(matches!(error, Error::Unsupported { .. }), "{}", chain(&error));
    assert!(error.to_string().contains("Cache::connect"), "{error}");
    // With the same addresses, beside it.
    let cache =
        Cache::connect(RedisSettings::nodes((0..nodes.count()).map(|at| nodes.url(at))).protocol(protocol));
    let cache = cache.await.unwrap();
    for at in 0..20 {
        let read = cache.command(Command::new("GET").key(format!("key {at}"))).await.unwrap();
        assert_eq!(read.as_int(), Some(at));
    }
}

#[tokio::test]
async fn a_server_that_knows_no_hello_is_asked_in_another_way() {
    let options = Server::options().tcp(true).arg("--rename-command").arg("HELLO").arg("");
    let server = options.start().await.unwrap();
    let connection = RedisAdapter::new(multiplexed(&server.url(), Protocol::Resp2).await).connect().await;
    used(&connection.unwrap(), Protocol::Resp2).await;
}

async fn it_may_be_done_without(protocol: Protocol) {
    let server = private_server_on_tcp().await;
    let connection = RedisAdapter::new(manager(&server.url(), protocol).await).connect().await.unwrap();
    let cache = Degrade::new().over(connection).await.unwrap();
    assert!(note(1).save(&cache).await.unwrap().stored());
    server.kill().await.unwrap();
    assert_eq!(Note::get(&cache, 1).await.unwrap(), None);
    server.restart().await.unwrap();
    let began = std::time::Instant::now();
    while !note(1).save(&cache).await.unwrap().stored() {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", cache.state());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(Note::get(&cache, 1).await.unwrap(), Some(note(1)));
}

async fn private_server_on_tcp() -> Server {
    let server = Server::options().tcp(true).start().await;
    server.unwrap_or_else(|error| panic!("{error}"))
}

cache_tests::both! {
    a_multiplexed_one, a_manager, nothing_is_written_twice, calls_are_bounded, a_cluster_is_refused,
    a_connection_of_a_cluster_is_refused, it_may_be_done_without,
}
