//! A server that dies, hangs or never was: bounded errors, and everything works again afterwards.

use std::time::{Duration, Instant};

use cache_core::{Batch, Cache, CacheModel, Command, Error, Protocol, RedisSettings};
use cache_tests::{chain, connect_lazy, connect_with, private_server};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    #[index]
    text: String,
}

/// How long a call may take in these tests, and how much later it may answer on a busy machine.
const TIMEOUT: Duration = Duration::from_millis(500);
const SLACK: Duration = Duration::from_millis(500);

fn settings(url: String, protocol: Protocol) -> RedisSettings {
    RedisSettings::new(url).protocol(protocol).response_timeout(TIMEOUT).connect_timeout(TIMEOUT)
}

async fn note(cache: &Cache, id: u32) -> Result<(), Error> {
    Note { id, text: "x".to_owned() }.save(cache).await.map(drop)
}

async fn bounded<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let began = Instant::now();
    let result = call.await;
    assert!(began.elapsed() < TIMEOUT + SLACK, "a call took {:?}", began.elapsed());
    result
}

async fn a_killed_server_gives_errors_in_time_and_works_again_after_restart(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(settings(server.url(), protocol)).await.unwrap();
    note(&cache, 1).await.unwrap();

    server.kill().await.unwrap();
    for _ in 0..5 {
        let error = bounded(note(&cache, 2)).await.unwrap_err();
        assert!(error.is_unavailable(), "{}", chain(&error));
        let error = bounded(Note::get(&cache, 1)).await.unwrap_err();
        assert!(error.is_unavailable(), "{}", chain(&error));
        let error = bounded(Note::find().all(&cache)).await.unwrap_err();
        assert!(error.is_unavailable(), "{}", chain(&error));
    }

    server.restart().await.unwrap();
    // The first call finds the server: a write that was never sent is no reason to fail.
    bounded(note(&cache, 3)).await.unwrap();
    assert!(bounded(Note::get(&cache, 3)).await.unwrap().is_some());
}

async fn a_server_that_hangs_is_given_up_in_time(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(settings(server.url(), protocol)).await.unwrap();
    server.pause().await.unwrap();
    let calls: Vec<_> = (0..32)
        .map(|id| {
            let cache = cache.clone();
            tokio::spawn(async move { bounded(note(&cache, id)).await })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }) && error.is_unavailable(), "{}", chain(&error));
    }
    server.resume().await.unwrap();
    bounded(note(&cache, 1)).await.unwrap();
}

/// The first query of a cache that connects lazily asks who the server is before it, for no longer than it may take itself. In
/// RESP2, where it has no more time on the client's side than it says.
#[tokio::test]
async fn who_is_asked_before_the_first_query_has_as_much_time_as_that() {
    // Connections are taken by its system, and nobody answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let patient = Duration::from_secs(10);
    let settings = settings(url, Protocol::Resp2).response_timeout(patient).connect_timeout(patient);
    for timeout in [TIMEOUT, TIMEOUT / 5] {
        let cache = connect_lazy(&settings).unwrap();
        let query = Note::find().timeout(timeout);
        let error = bounded(query.count(&cache)).await.unwrap_err();
        assert!(error.is_unavailable(), "{}", chain(&error));
    }
}

async fn an_answer_that_comes_too_late_is_given_to_nobody(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(settings(server.url(), protocol)).await.unwrap();
    for round in 0..20 {
        let slow = Command::new("EVAL")
            .args_from(["local n = 0; for i = 1, 3000000 do n = n + 1 end; return 'slow'", "0"])
            .within(Duration::from_millis(5));
        let late = cache.command(slow).await;
        assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
        let echo = format!("echo {round}");
        let answer =
            cache.command(Command::new("ECHO").arg(&echo).within(Duration::from_secs(5))).await.unwrap();
        assert_eq!(answer.as_str(), Some(echo.as_str()));
    }
}

async fn a_server_that_never_was_is_unavailable(protocol: Protocol) {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let connect = connect_with(settings(format!("redis://127.0.0.1:{port}"), protocol));
    let error = connect.await.unwrap_err();
    assert!(error.is_unavailable(), "{}", chain(&error));
}

#[tokio::test]
async fn a_bad_url_is_a_settings_error_without_the_password() {
    let error = connect_with("http://ann:s3cret@host").await.unwrap_err();
    assert!(matches!(error, Error::Settings { setting: "url", .. }), "{error}");
    assert!(!chain(&error).contains("s3cret") && !format!("{error:?}").contains("s3cret"));
}

async fn a_wrong_password_is_no_outage(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(settings(server.url(), protocol)).await.unwrap();
    cache.command(Command::new("CONFIG").args_from(["SET", "requirepass", "right"])).await.unwrap();
    let error = connect_with(settings(server.url(), protocol)).await.unwrap_err();
    assert!(error.is_access_denied() && !error.is_unavailable(), "{}", chain(&error));
}

/// RESP3 alone has them.
#[tokio::test]
async fn pushes_tell_of_invalidations_and_of_a_broken_connection() {
    use cache_core::connection::Push;
    let server = private_server().await;
    // Through the `redis` crate, which alone has pushes.
    let cache = Cache::connect(settings(server.url(), Protocol::Resp3)).await.unwrap();
    let mut pushes = cache.connection().pushes().unwrap();
    // What the connection tracks is its own affair: it tells of flushes. Keys are tracked one by one.
    let other = Command::new("CLIENT").args_from(["TRACKING", "OFF"]);
    assert!(matches!(cache.command(other).await.unwrap_err(), Error::Unsupported { .. }));
    let tracked = vec![Command::new("CLIENT").args_from(["CACHING", "YES"]), Command::new("GET").key("k")];
    let _ = cache.connection().send_all(Batch::pipeline(tracked)).await.unwrap();
    cache.command(Command::new("SET").key("k").arg("1")).await.unwrap();
    let wait = async |pushes: &mut cache_core::connection::PushStream| {
        tokio::time::timeout(Duration::from_secs(5), pushes.next()).await.unwrap().unwrap()
    };
    match wait(&mut pushes).await {
        Push::Invalidate(Some(keys)) => assert_eq!(keys[0].as_str(), Some("k")),
        other => panic!("{other:?}"),
    }
    cache.command(Command::new("FLUSHALL")).await.unwrap();
    assert_eq!(wait(&mut pushes).await, Push::Invalidate(None));
    server.kill().await.unwrap();
    assert_eq!(wait(&mut pushes).await, Push::Disconnected);

    let resp2 = cache_tests::cache("pushes", Protocol::Resp2).await;
    assert!(resp2.connection().pushes().is_none());
}

cache_tests::both! {
    a_killed_server_gives_errors_in_time_and_works_again_after_restart,
    a_server_that_hangs_is_given_up_in_time,
    an_answer_that_comes_too_late_is_given_to_nobody,
    a_server_that_never_was_is_unavailable,
    a_wrong_password_is_no_outage,
}
