//! What probes are told, within their bound, whatever the server does.

use std::time::{Duration, Instant};

use cache_core::health::{self, Health, HealthCheck, Ping, routes};
use cache_core::{CacheModel, Command, Degrade, ErrorClass, Gate, Migrator, Protocol, Ready};
use cache_tests::clients::is_fred;
use cache_tests::{connect_with, degrade, private_server, speaking};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    #[index]
    text: String,
}

/// The bound of a question, and what a busy machine adds.
const BOUND: Duration = Duration::from_millis(500 + 400);

async fn bounded(check: &HealthCheck) -> Health {
    let began = Instant::now();
    let health = check.run().await;
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    health
}

/// A check that remembers nothing of the last one.
fn fresh(check: &HealthCheck) -> HealthCheck {
    check.clone().within(Duration::from_millis(500))
}

/// What is found at once; through fred, which connects again in its own time, in the end.
async fn in_the_end(check: &HealthCheck, wanted: impl Fn(&Ping) -> bool) -> Health {
    let patience = if is_fred() { Duration::from_secs(4) } else { Duration::ZERO };
    let began = Instant::now();
    loop {
        let health = bounded(&fresh(check)).await;
        if wanted(&health.ping) {
            return health;
        }
        assert!(began.elapsed() < patience, "{health}");
    }
}

async fn a_server_that_is_needed(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(speaking(server.url(), protocol)).await.unwrap().project("shop");
    Migrator::new().register::<Note>().run(&cache).await.unwrap();
    let gate = Gate::new("nightly");
    let check = HealthCheck::new(&cache).gate(gate.clone()).gate(Gate::new("other"));
    let lease = gate.try_lock(&cache).await.unwrap().unwrap();
    let found = bounded(&check).await;
    assert!(found.ready == Ready::Yes && matches!(found.ping, Ping::Answered(_)), "{found}");
    assert_eq!(found.gates.iter().map(|gate| gate.held).collect::<Vec<_>>(), [Some(true), Some(false)]);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["status"], "ready");
    assert_eq!(json["indexes"][0]["state"], "ready");
    assert!(json["gates"][0]["ttl_ms"].as_u64().unwrap() > 20_000, "{json}");
    lease.release().await;

    // Within a second it is not asked again.
    server.pause().await.unwrap();
    assert_eq!(check.run().await, found);
    let hangs = bounded(&fresh(&check)).await;
    assert_eq!((hangs.ready, hangs.ping), (Ready::No, Ping::Failed(ErrorClass::Timeout)));
    assert!(hangs.gates.iter().all(|gate| gate.held.is_none() && gate.class == Some(ErrorClass::Timeout)));
    server.resume().await.unwrap();
    server.kill().await.unwrap();
    let gone = in_the_end(&check, |ping| *ping == Ping::Failed(ErrorClass::Unavailable)).await;
    assert!(!gone.is_ready(), "{gone}");
    let optional = bounded(&fresh(&check).required(false)).await;
    assert_eq!(optional.ready, Ready::Degraded);
    let shown = serde_json::to_string(&gone).unwrap();
    for inside in ["redis", "127.0.0.1", "sock", "refuse"] {
        assert!(!shown.contains(inside), "{shown}");
    }

    server.restart().await.unwrap();
    // It has lost its indexes, which the next look at them finds.
    in_the_end(&check, |ping| matches!(ping, Ping::Answered(_))).await;
}

async fn an_index_that_is_not_there(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(speaking(server.url(), protocol)).await.unwrap();
    assert_eq!(cache.health().await.ready, Ready::Yes, "nothing was asked for");
    Migrator::new().register::<Note>().run(&cache).await.unwrap();
    server.kill().await.unwrap();
    let other = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap();
    Migrator::new().register::<Note>().run(&other).await.unwrap();
    let found = other.health().await;
    assert_eq!((found.ready, found.indexes[0].ready), (Ready::Degraded, Ready::No), "{found}");
    assert_eq!(found.degraded.unwrap().1, ErrorClass::Unavailable);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(
        (&json["degraded"], &json["indexes"][0]["state"]),
        (&"unavailable".into(), &"deferred".into())
    );
    // With a server it would be needed.
    server.restart().await.unwrap();
    assert!(other.watch_state().enabled().await);
    let began = Instant::now();
    while other.health().await.ready != Ready::Yes {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", other.health().await);
    }
}

async fn a_check_without_a_cache(protocol: Protocol) {
    let server = private_server().await;
    let second = Duration::from_secs(1);
    assert!(health::check(speaking(server.url(), protocol), second).await.is_ok());
    let cache = connect_with(speaking(server.url(), protocol)).await.unwrap();
    cache.command(Command::new("CONFIG").args_from(["SET", "requirepass", "right"])).await.unwrap();
    assert_eq!(health::check(speaking(server.url(), protocol), second).await, Err(ErrorClass::AccessDenied));
    assert!(health::check(speaking(server.url(), protocol).password("right"), second).await.is_ok());
    server.pause().await.unwrap();
    let began = Instant::now();
    let hangs = health::check(speaking(server.url(), protocol), Duration::from_millis(300)).await;
    assert!(hangs == Err(ErrorClass::Timeout) && began.elapsed() < Duration::from_millis(800));
    server.kill().await.unwrap();
    assert_eq!(health::check(speaking(server.url(), protocol), second).await, Err(ErrorClass::Unavailable));
}

async fn get(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

async fn the_routes_of_a_service(protocol: Protocol) {
    let server = private_server().await;
    let needed = connect_with(speaking(server.url(), protocol)).await.unwrap();
    let helps = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap();
    let app: axum::Router = axum::Router::new()
        .nest("/needed", routes(HealthCheck::new(&needed)))
        .nest("/helps", routes(HealthCheck::new(&helps)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serves = tokio::spawn(async move { axum::serve(listener, app).await });
    assert_eq!(get(address, "/needed/live").await, (200, "live".to_owned()));
    assert_eq!(get(address, "/needed/ready").await, (200, "ready".to_owned()));
    server.kill().await.unwrap();
    let status = async |path: &str| {
        let (status, body) = get(address, path).await;
        (status, serde_json::from_str::<Value>(&body).unwrap()["status"].as_str().unwrap().to_owned())
    };
    let began = Instant::now();
    while status("/needed/health").await != (503, "not_ready".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(get(address, "/needed/ready").await, (503, "not ready".to_owned()));
    while status("/helps/health").await != (200, "degraded".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(get(address, "/helps/live").await.0, 200);
    // A storm of probes is one question a second, on the connection that is there.
    server.restart().await.unwrap();
    for _ in 0..300 {
        get(address, "/needed/health").await;
    }
    let direct = connect_with(speaking(server.url(), protocol)).await.unwrap();
    let stats = direct.command(Command::new("INFO").arg("commandstats")).await.unwrap();
    let pings = stats
        .as_str()
        .unwrap()
        .split("cmdstat_ping:calls=")
        .nth(1)
        .map_or(0, |rest| rest.split(',').next().unwrap().parse::<u32>().unwrap());
    assert!(pings < 30, "{pings}");
    serves.abort();
}

cache_tests::both! {
    a_server_that_is_needed,
    an_index_that_is_not_there,
    a_check_without_a_cache,
    the_routes_of_a_service,
}
