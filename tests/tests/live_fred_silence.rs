//! When the other client gives a connection up: half open, with nobody at the other end who takes anything, or while a cluster
//! says that it is down. And when not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::connection::FredConnection;
use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{Command, Connection, Error, Protocol, RedisSettings};
use cache_tests::cluster::one_node;
use cache_tests::{chain, connect_redis, private_server};

const PROTOCOLS: [Protocol; 2] = [Protocol::Resp2, Protocol::Resp3];

fn ping() -> Command {
    Command::new("PING").repeatable()
}

fn incr(key: &str) -> Command {
    Command::new("INCR").key(key)
}

async fn over(url: &str, protocol: Protocol, deadline: Duration) -> FredConnection {
    let settings = RedisSettings::new(url).protocol(protocol).response_timeout(deadline);
    FredConnection::connect(settings).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

#[tokio::test]
async fn a_probe_that_is_short_of_time_does_not_end_what_others_wait_for() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let proxy = Proxy::start(&server.url()).await.unwrap();
        let connection = over(&proxy.url(), protocol, Duration::from_secs(10)).await;
        connection.send(ping()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = connection.generation();
        proxy.plan(|chunk| {
            (chunk.direction == Direction::ToClient).then_some(Fault::Delay(Duration::from_millis(900)))
        });
        let probe = connection.send(ping().within(Duration::from_millis(300)));
        let (probe, others) = tokio::join!(probe, connection.send(incr("slow")));
        assert!(matches!(probe, Err(Error::Timeout { .. })), "{probe:?}");
        others.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(connection.generation(), before);
    }
}

#[tokio::test]
async fn callers_who_give_up_early_have_a_half_open_connection_replaced() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let proxy = Proxy::start(&server.url()).await.unwrap();
        let connection = over(&proxy.url(), protocol, Duration::from_millis(800)).await;
        connection.send(ping()).await.unwrap();
        proxy.silence(Direction::ToClient);
        let patience = Duration::from_millis(100);
        assert!(tokio::time::timeout(patience, connection.send(ping())).await.is_err());
        // Only what is connected from now on is heard.
        proxy.calm();
        let (began, mut tries) = (Instant::now(), 0);
        while !matches!(tokio::time::timeout(patience, connection.send(ping())).await, Ok(Ok(_))) {
            tries += 1;
            assert!(began.elapsed() < Duration::from_secs(10), "never: after {tries} tries");
        }
        println!("{protocol:?}: heard after {tries} tries, {:?}", began.elapsed());
    }
}

/// What is written then waits for room, and all that is asked later for what is written.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_takes_nothing_is_given_up() {
    let server = private_server().await;
    for protocol in PROTOCOLS {
        let proxy = Proxy::start(&server.url()).await.unwrap();
        let connection = Arc::new(over(&proxy.url(), protocol, Duration::from_secs(1)).await);
        connection.send(ping()).await.unwrap();
        proxy.plan(|chunk| {
            (chunk.direction == Direction::ToServer).then_some(Fault::Delay(Duration::from_secs(600)))
        });
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let connection = connection.clone();
            let large = Command::new("SET").key("large").arg("x".repeat(4 << 20));
            tasks.spawn(async move { connection.send(large).await });
        }
        while let Some(ended) = tasks.join_next().await {
            assert!(ended.unwrap().unwrap_err().is_unavailable());
        }
        proxy.calm();
        let began = Instant::now();
        while connection.send(ping()).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "never");
        }
        println!("{protocol:?}: there again after {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_connection_that_takes_too_long_is_no_call_that_did() {
    for protocol in PROTOCOLS {
        // It takes connections, and says nothing.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let settings = RedisSettings::new(url).protocol(protocol).response_timeout(Duration::from_secs(10));
        let settings = settings.connect_timeout(Duration::from_millis(300));
        let connection = FredConnection::lazy(settings).unwrap();
        let began = Instant::now();
        let error = connection.send(ping()).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{}", chain(&error));
        assert!(chain(&error).contains("no connection in time"), "{}", chain(&error));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

/// fred ends a connection on which a node says so, with all that is under way there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_have_been_done_is_not_sent_again_when_a_cluster_is_down() {
    let server = one_node().await;
    let admin = connect_redis(&server.url(), Protocol::Resp3).await;
    let slot = crc16::State::<crc16::XMODEM>::calculate(b"gone") % 16_384;
    for words in [
        &["CONFIG", "SET", "cluster-require-full-coverage", "no"][..],
        &["CLUSTER", "DELSLOTS", &slot.to_string()],
    ] {
        let (name, rest) = words.split_first().unwrap();
        admin.command(Command::new(name).args_from(rest)).await.unwrap();
    }
    for (protocol, key) in PROTOCOLS.into_iter().zip(["n2", "n3"]) {
        let connection = Arc::new(over(&server.url(), protocol, Duration::from_secs(3)).await);
        connection.send(ping()).await.unwrap();
        let (mut tasks, calls) = (tokio::task::JoinSet::new(), 2_000);
        for number in 0..calls {
            let connection = connection.clone();
            tasks.spawn(async move {
                tokio::time::sleep(Duration::from_millis(number / 4)).await;
                if number % 50 == 0 {
                    let gone = Command::new("GET").key("gone").repeatable().within(Duration::from_millis(50));
                    assert!(connection.send(gone).await.is_err());
                }
                match connection.send(incr(key)).await {
                    Ok(_) => true,
                    Err(error) if error.is_unavailable() => false,
                    Err(error) => panic!("{}", chain(&error)),
                }
            });
        }
        let (mut told, mut failed) = (0, 0);
        while let Some(ended) = tasks.join_next().await {
            if ended.unwrap() { told += 1 } else { failed += 1 }
        }
        let done = admin.command(Command::new("GET").key(key)).await.unwrap().as_int().unwrap();
        println!("{protocol:?}: {told} told, {failed} not, {done} done");
        assert!(failed > 0, "none was under way when it was said");
        assert!((told..=told + failed).contains(&done), "{told} told, {failed} not, {done} done");
    }
}
