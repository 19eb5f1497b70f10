//! The other client: `fred`, made from settings, brought along, and in a pool.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::connection::FredConnection;
use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{Batch, Cache, CacheModel, Command, Connection, Error, Protocol, RedisSettings, Reply};
use cache_tests::cluster::one_node;
use cache_tests::{chain, connect, connect_redis, private_server, shared_url};
use fred::clients::{Client, Pool};
use fred::interfaces::ClientLike;
use fred::types::config::{Config, ReconnectPolicy};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

const PROTOCOLS: [Protocol; 2] = [Protocol::Resp2, Protocol::Resp3];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    #[index]
    text: String,
}

async fn over(url: &str, protocol: Protocol) -> FredConnection {
    match FredConnection::connect(RedisSettings::new(url).protocol(protocol)).await {
        Ok(connection) => connection,
        Err(error) => panic!("{}", chain(&error)),
    }
}

fn incr(key: &str) -> Command {
    Command::new("INCR").key(key)
}

async fn number(connection: &FredConnection, key: &str) -> Option<i64> {
    connection.send(Command::new("GET").key(key).repeatable()).await.unwrap().as_int()
}

async fn connections_of(connection: &FredConnection) -> usize {
    let list = connection.send(Command::new("CLIENT").arg("LIST")).await.unwrap();
    list.as_str().unwrap().lines().count()
}

#[tokio::test]
async fn replies_keep_their_shapes_and_errors_their_texts() {
    for protocol in PROTOCOLS {
        let connection = over(&shared_url().await, protocol).await;
        let known = connection.capabilities();
        assert_eq!(known.protocol, protocol);
        assert!(known.json.is_some() && known.search.is_some() && !known.cluster);
        let ping = connection.send(Command::new("PING")).await.unwrap();
        assert_eq!(ping, Reply::Status("PONG".to_owned()));
        let echo = connection.send(Command::new("ECHO").arg(b"\0\xff\r\n")).await.unwrap();
        assert_eq!(echo.as_bytes(), Some(&b"\0\xff\r\n"[..]));
        let mixed = Command::new("EVAL").args_from(["return {1, false, {err = 'MINE of it'}}", "0"]);
        let Reply::Array(parts) = connection.send(mixed).await.unwrap() else { panic!("no list") };
        assert_eq!(parts[..2], [Reply::Int(1), Reply::Nil]);
        assert!(matches!(&parts[2], Reply::Error(error) if error.text() == "MINE of it"), "{parts:?}");
        let error = connection.send(Command::new("NOPE")).await.unwrap_err();
        assert!(chain(&error).contains("unknown command 'NOPE'"), "{}", chain(&error));
    }
}

#[tokio::test]
async fn a_client_and_a_pool_that_a_service_has_are_used() {
    let server = private_server().await;
    let config = Config::from_url(&server.url()).unwrap();
    let policy = || Some(ReconnectPolicy::new_constant(0, 50));
    let client = Client::new(config.clone(), None, None, policy());
    client.init().await.unwrap();
    let pool = Pool::new(config, None, None, policy(), 3).unwrap();
    pool.init().await.unwrap();
    let one = FredConnection::from_client(client.clone()).await.unwrap();
    let many = FredConnection::from_pool(pool.clone()).await.unwrap();
    assert_eq!(connections_of(&one).await, 4);
    // Of a pool, it would be told of another connection's writes.
    let wait = || Command::new("WAIT").args_from(["0", "1"]);
    assert_eq!(one.send(wait()).await.unwrap(), Reply::Int(0));
    let error = many.send(wait()).await.unwrap_err();
    assert!(matches!(error, Error::Unsupported { what: "waiting for replicas", .. }), "{error}");
    let (one, many) = (Cache::from_connection(Arc::new(one)), Cache::from_connection(Arc::new(many)));
    let other = connect(&server.url(), Protocol::Resp3).await;
    let note = Note { id: 1, text: "both".to_owned() };
    assert!(note.save(&one).await.unwrap().stored());
    for cache in [&many, &one, &other] {
        assert_eq!(Note::get(cache, 1).await.unwrap().as_ref(), Some(&note));
    }
    drop(one);
    // It is still the service's own.
    assert!(client.is_connected());
    client.quit().await.unwrap();
    pool.quit().await.unwrap();
}

#[tokio::test]
async fn a_batch_is_answered_one_by_one_and_a_transaction_is_one() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let connection = over(&server.url(), protocol).await;
        let three = || vec![incr("n"), Command::new("LPUSH").key("n").arg("x"), incr("n")];
        for batch in [Batch::pipeline(three()), Batch::atomic(three())] {
            let answers = connection.send_all(batch).await.unwrap();
            assert!(matches!(answers[..], [Ok(Reply::Int(_)), Err(Error::Server { .. }), Ok(Reply::Int(_))]));
        }
        // What cannot be queued has nothing run.
        let before = number(&connection, "n").await;
        let broken = Batch::atomic(vec![incr("n"), Command::new("NOPE")]);
        let error = connection.send_all(broken).await.unwrap_err();
        assert!(chain(&error).contains("unknown command 'NOPE'"), "{}", chain(&error));
        assert_eq!(number(&connection, "n").await, before);
    }
}

/// Transactions have a connection of their own, which ends with the server.
#[tokio::test]
async fn the_first_transaction_after_a_restart_is_run() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let connection = over(&server.url(), protocol).await;
        for _ in 0..3 {
            let answers = connection.send_all(Batch::atomic(vec![incr("n")])).await;
            assert!(matches!(answers.as_deref(), Ok([Ok(Reply::Int(_))])), "{answers:?}");
            server.kill().await.unwrap();
            server.restart().await.unwrap();
        }
    }
}

/// A connection of which all is known that it asks by itself.
async fn settled(connection: &FredConnection) {
    loop {
        let before = connection.generation();
        connection.send(Command::new("PING").repeatable()).await.unwrap();
        if connection.generation() == before {
            return;
        }
    }
}

#[tokio::test]
async fn a_lost_reply_is_an_error_and_the_write_is_done_once() {
    let server = private_server().await;
    for (protocol, key) in PROTOCOLS.into_iter().zip(["a", "b"]) {
        let proxy = Proxy::start(&server.url()).await.unwrap();
        let connection = over(&proxy.url(), protocol).await;
        proxy.next(Direction::ToClient, Fault::Reset);
        let error = connection.send(incr(key)).await.unwrap_err();
        assert!(error.is_unavailable(), "{}", chain(&error));
        assert_eq!(number(&connection, key).await, Some(1));
        assert!(connection.generation() >= 1, "another connection is another generation");
        // What the server can do is asked once for each connection: that is not the answer that gets lost below.
        settled(&connection).await;
        // The same in a batch of each kind.
        for (batch, expected) in [(Batch::pipeline(vec![incr(key)]), 2), (Batch::atomic(vec![incr(key)]), 3)]
        {
            settled(&connection).await;
            if batch.is_atomic() {
                // The answer of `EXEC`: those before it come one by one.
                proxy.plan(|chunk| {
                    let executed = chunk.bytes.windows(5).any(|bytes| bytes == b"*1\r\n:");
                    (chunk.direction == Direction::ToClient && executed).then_some(Fault::Reset)
                });
            } else {
                proxy.next(Direction::ToClient, Fault::Reset);
            }
            let error = connection.send_all(batch).await.unwrap_err();
            assert!(error.is_unavailable(), "{}", chain(&error));
            proxy.calm();
            assert_eq!(number(&connection, key).await, Some(expected));
        }
        // What may be repeated is.
        settled(&connection).await;
        proxy.next(Direction::ToClient, Fault::Reset);
        assert_eq!(number(&connection, key).await, Some(3));
    }
}

#[tokio::test]
async fn deadlines_and_the_limit_of_calls_hold() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let proxy = Proxy::start(&server.url()).await.unwrap();
        let settings = RedisSettings::new(proxy.url())
            .protocol(protocol)
            .response_timeout(Duration::from_millis(300))
            .max_in_flight(1);
        let connection = FredConnection::connect(settings).await.unwrap();
        proxy.silence(Direction::ToClient);
        let began = Instant::now();
        let both = [connection.send(Command::new("PING")), connection.send(Command::new("PING"))];
        let [first, second] = both;
        let (first, second) = tokio::join!(first, second);
        assert!(matches!(first, Err(Error::Timeout { .. })), "{first:?}");
        assert!(matches!(second, Err(Error::Busy { limit: 1 })), "{second:?}");
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_said_in_time_and_found_again() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let connection = over(&server.url(), protocol).await;
        let before = connection.generation();
        server.kill().await.unwrap();
        let error = connection.send(Command::new("PING").repeatable()).await.unwrap_err();
        assert!(error.is_unavailable(), "{}", chain(&error));
        let refused = FredConnection::connect(RedisSettings::new(server.url())).await.err().unwrap();
        assert!(refused.is_unavailable(), "{}", chain(&refused));
        server.restart().await.unwrap();
        connection.send(Command::new("PING").repeatable()).await.unwrap();
        assert!(connection.generation() > before);
    }
}

/// This one's search module has none. With it, answers of one node would be told as those of all.
#[tokio::test]
async fn who_may_not_ask_whether_there_is_a_coordinator_has_none() {
    let server = one_node().await;
    let admin = connect_redis(&server.url(), Protocol::Resp3).await;
    for (user, without) in [("one", "+ping"), ("other", "-command|getkeys")] {
        let user = Command::new("ACL").args_from(["SETUSER", user, "on", ">p", "~*", "+@all", without]);
        admin.command(user).await.unwrap();
    }
    for protocol in PROTOCOLS {
        for user in ["one", "other"] {
            let settings = RedisSettings::new(server.url()).username(user).password("p").protocol(protocol);
            let connection = FredConnection::connect(settings).await.unwrap();
            let known = connection.capabilities();
            assert!(known.cluster && !known.coordinator, "{user}: {known:?}");
        }
    }
}

/// In RESP3 that of `COMMAND INFO` has maps in a set, and fred ends the connection. Reads of others are repeated on the next.
#[tokio::test]
async fn an_answer_that_cannot_be_read_harms_no_others() {
    let connection = over(&shared_url().await, Protocol::Resp3).await;
    for _ in 0..5 {
        let info = connection.send(Command::new("COMMAND").args_from(["INFO", "GET"]));
        let read = |n| connection.send(Command::new("GET").key(format!("none:{n}")).repeatable());
        let (info, reads) = tokio::join!(info, join_all((0..50).map(read)));
        assert!(matches!(&info, Err(error) if error.is_unavailable()), "{info:?}");
        for read in reads {
            assert_eq!(read.unwrap_or_else(|error| panic!("{}", chain(&error))), Reply::Nil);
        }
    }
}

#[tokio::test]
async fn what_a_server_refuses_at_connect_is_no_server_that_is_away() {
    let server = Server::options().tcp(true).start().await.unwrap();
    for protocol in PROTOCOLS {
        let settings = RedisSettings::new(format!("{}/99", server.url())).protocol(protocol);
        let error = FredConnection::connect(settings).await.err().unwrap();
        assert!(!error.is_unavailable() && chain(&error).contains("out of range"), "{}", chain(&error));
    }
}

#[tokio::test]
async fn a_call_that_waits_for_a_connection_ends_in_its_own_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connection = FredConnection::lazy(format!("redis://{}", silent.local_addr().unwrap())).unwrap();
    let mut took = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let ping = Command::new("PING").within(Duration::from_millis(20));
        let error = connection.send(ping).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        took.push(began.elapsed());
    }
    // The least: the machine may have other things to do.
    assert!(took.iter().min() < Some(&Duration::from_millis(80)), "{took:?}");
}
