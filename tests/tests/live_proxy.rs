//! The proxy that injects faults, in front of a real server: each fault does what it says.

use std::time::{Duration, Instant};

use cache_core::testkit::{Direction, Fault, Odds, Proxy};
use cache_core::{Cache, Command, Error, Protocol, RedisSettings};
use cache_tests::dice::Dice;
use cache_tests::{chain, private_server, shared_url};

const BOUND: Duration = Duration::from_secs(1);

async fn through(proxy: &Proxy) -> Cache {
    let settings = RedisSettings::new(proxy.url()).protocol(Protocol::Resp2).response_timeout(BOUND);
    // Over well before a call is: else it would be chance whether the next call meets a connection that was being made.
    let settings = settings.connect_timeout(BOUND / 2);
    // Not `fred`, over which what a new connection is asked may meet a fault that was meant for another answer.
    Cache::connect(settings).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

async fn echo(cache: &Cache, text: &str) -> Result<String, Error> {
    let reply = cache.command(Command::new("ECHO").arg(text)).await?;
    Ok(reply.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn chunks_come_late_and_in_order() {
    let proxy = Proxy::start(&shared_url().await).await.unwrap();
    let cache = through(&proxy).await;
    let late = Duration::from_millis(100);
    for direction in [Direction::ToServer, Direction::ToClient] {
        proxy.next(direction, Fault::Delay(late));
        let began = Instant::now();
        let (first, second) = tokio::join!(echo(&cache, "first"), echo(&cache, "second"));
        assert_eq!((first.unwrap().as_str(), second.unwrap().as_str()), ("first", "second"));
        assert!(began.elapsed() >= late, "{direction:?}: {:?}", began.elapsed());
    }
    assert_eq!(proxy.injected(), 2);
}

#[tokio::test]
async fn a_lost_answer_is_lost_after_the_server_did_it() {
    let proxy = Proxy::start(&shared_url().await).await.unwrap();
    let (cache, key) = (through(&proxy).await, format!("proxy-{}", std::process::id()));
    let count = || Command::new("INCR").key(&key);
    let mut expected = 0;
    for fault in [Fault::Reset, Fault::Silence, Fault::Truncate(1)] {
        let began = Instant::now();
        proxy.next(Direction::ToClient, fault);
        let error = cache.command(count()).await.unwrap_err();
        assert!(error.is_unavailable(), "{fault:?}: {}", chain(&error));
        assert_eq!(began.elapsed() >= BOUND, fault == Fault::Silence, "{fault:?}: {:?}", began.elapsed());
        expected += 2;
        assert_eq!(cache.command(count()).await.unwrap().as_int(), Some(expected), "{fault:?}");
    }
    // On the way there, it is not done.
    proxy.next(Direction::ToServer, Fault::Reset);
    assert!(cache.command(count()).await.is_err());
    assert_eq!(cache.command(count()).await.unwrap().as_int(), Some(expected + 1));
}

#[tokio::test]
async fn a_silence_lasts_until_its_connection_is_reset() {
    let proxy = Proxy::start(&shared_url().await).await.unwrap();
    let cache = through(&proxy).await;
    proxy.silence(Direction::ToClient);
    assert!(matches!(echo(&cache, "a").await, Err(Error::Timeout { .. })));
    assert!(matches!(echo(&cache, "a").await, Err(Error::Timeout { .. })), "also what comes meanwhile");
    proxy.calm();
    proxy.reset_all();
    // The connection that was being made is reset too, and the next one is not.
    let _ = echo(&cache, "b").await;
    assert_eq!(echo(&cache, "c").await.unwrap(), "c");
}

#[tokio::test]
async fn clients_are_led_to_another_server() {
    let other = private_server().await;
    let proxy = Proxy::start(&shared_url().await).await.unwrap();
    let cache = through(&proxy).await;
    let port =
        async || cache.command(Command::new("INFO").arg("server")).await.map(|info| format!("{info:?}"));
    let process = format!("process_id:{}", other.pid());
    assert!(!port().await.unwrap().contains(&process));
    proxy.refuse();
    assert!(port().await.unwrap_err().is_unavailable());
    proxy.redirect(&other.url()).unwrap();
    assert!(port().await.unwrap().contains(&process));
}

#[tokio::test]
async fn the_same_seed_injects_the_same_faults() {
    let url = shared_url().await;
    let odds = Odds { delay: (200, Duration::from_millis(5)), reset: 100, silence: 50, truncate: 100 };
    let run = async |seed| {
        let proxy = Proxy::start(&url).await.unwrap();
        let cache = through(&proxy).await;
        proxy.dice(seed, odds);
        let mut ends = Vec::new();
        for _ in 0..40 {
            let end = echo(&cache, "x").await;
            ends.push(match end {
                Ok(_) => "answered",
                Err(Error::Timeout { .. }) => "silent",
                Err(_) => "reset",
            });
        }
        (ends, proxy.injected())
    };
    let (one, same, other) = tokio::join!(run(7), run(7), run(8));
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert!(one.1 > 5 && one.0.contains(&"answered") && one.0.contains(&"reset"), "{one:?}");
    let throws = |mut dice: Dice| [(); 9].map(|()| dice.below(1000));
    assert_eq!(throws(Dice::lane(7, 1)), throws(Dice::lane(7, 1)));
    assert_ne!(throws(Dice::lane(7, 1)), throws(Dice::lane(7, 2)));
}
