//! The line of a near cache: to which server it is, and how long anybody waits for it.

#![cfg(unix)]

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{Cache, CacheModel, Command, NearCache, NearHandle, Protocol, RedisSettings};
use cache_tests::clients::is_fred;
use cache_tests::{private_server, run};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, UnixStream};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "line")]
struct Counted {
    #[primary_key]
    id: u64,
    number: u64,
}

/// How long a call has here.
const DEADLINE: Duration = Duration::from_millis(400);

/// Through `fred` there is no near cache.
fn of_near<F: Future<Output = ()>>(test: &str, body: impl FnOnce(Cache) -> F) {
    if !is_fred() {
        run(test, Protocol::Resp3, body);
    }
}

async fn impatient(url: impl Into<String>, of: &Cache) -> Cache {
    let settings = RedisSettings::new(url).response_timeout(DEADLINE);
    Cache::connect(settings).await.unwrap().namespace(of.keyspace().unwrap().global())
}

/// The socket of a private server.
fn address(url: &str) -> String {
    let path = url.strip_prefix("redis+unix://").unwrap();
    path.split('?').next().unwrap().to_owned()
}

/// A name that is resolved anew for each connection, while those that there are stay: where they led to.
async fn name_of(at: Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let server = at.lock().unwrap().clone();
            tokio::spawn(async move {
                let mut server = UnixStream::connect(server).await.unwrap();
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    url
}

async fn number(near: &NearHandle) -> Option<u64> {
    near.get::<Counted>(1).await.unwrap().map(|counted| counted.number)
}

#[test]
fn own_writes_are_read_where_they_were_written_if_that_is_another_server_now() {
    of_near("moved", async |cache: Cache| {
        let (first, second) = (private_server().await, private_server().await);
        let of = |cache: Cache| cache.namespace("moved");
        let there =
            [of(Cache::connect(first.url()).await.unwrap()), of(Cache::connect(second.url()).await.unwrap())];
        for cache in &there {
            let _ = Counted { id: 1, number: 0 }.save(cache).await.unwrap();
        }
        let at = Arc::new(Mutex::new(address(&first.url())));
        let ours = of(Cache::connect(name_of(Arc::clone(&at)).await).await.unwrap());
        let near = ours.near(NearCache::new()).await.unwrap();
        assert_eq!(number(&near).await, Some(0));
        // The line stays where it is.
        *at.lock().unwrap() = address(&second.url());
        let id = ours.command(Command::new("CLIENT").arg("ID")).await.unwrap().as_int().unwrap();
        let kill = Command::new("CLIENT").args_from(["KILL", "ID"]).arg(id.to_string());
        there[0].command(kill).await.unwrap();
        while ours.ping().await.is_err() {}
        for own in 1..=20 {
            let _ = Counted { id: 1, number: own }.save(&near).await.unwrap();
            assert_eq!(number(&near).await, Some(own));
        }
        // And of others it is told where it is now.
        let began = Instant::now();
        while !near.status().tracked {
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", near.status());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let _ = number(&near).await;
        let hits = near.status().hits;
        assert!(number(&near).await == Some(20) && near.status().hits == hits + 1, "{:?}", near.status());
        let _ = Counted { id: 1, number: 99 }.save(&there[1]).await.unwrap();
        let began = Instant::now();
        while number(&near).await != Some(99) {
            assert!(began.elapsed() < Duration::from_secs(3), "{:?}", near.status());
        }
        drop(cache);
    });
}

#[test]
fn many_wait_together_for_who_never_goes_on() {
    of_near("stuck", async |cache: Cache| {
        let cache = impatient(cache_tests::shared_url().await, &cache).await;
        let near = cache.near(NearCache::new()).await.unwrap();
        // On a busy machine the server may have answered before it is looked at.
        let mut first = 0;
        let stuck = loop {
            let mut asking = Box::pin(near.get_many::<Counted, _>(first..first + 40));
            if asking.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                break asking;
            }
            first += 40;
        };
        let began = Instant::now();
        let found = near.get_many::<Counted, _>(first..first + 40).await.unwrap();
        assert!(found.iter().all(Option::is_none) && near.status().bypassed == 40, "{:?}", near.status());
        let took = began.elapsed();
        assert!(took < 10 * DEADLINE, "{took:?}");
        drop(stuck);
    });
}

#[test]
fn a_line_that_swallows_everything_is_given_up_after_one_deadline() {
    of_near("black-hole", async |cache: Cache| {
        let proxy = Proxy::start(&cache_tests::shared_url().await).await.unwrap();
        let near = impatient(proxy.url(), &cache).await.near(NearCache::new()).await.unwrap();
        // All but the connection of the cache itself.
        proxy.plan(|chunk| {
            let is_lost = chunk.connection != 0 && chunk.direction == Direction::ToServer;
            is_lost.then_some(Fault::Silence)
        });
        let began = Instant::now();
        let found = near.get_many::<Counted, _>(0..5_000).await.unwrap();
        let took = began.elapsed();
        assert!(found.iter().all(Option::is_none) && near.status().bypassed == 5_000, "{:?}", near.status());
        assert!(took < 6 * DEADLINE, "{took:?}");
    });
}
