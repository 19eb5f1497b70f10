//! What a read costs that memory answers, beside one that the server answers: `cargo bench -p cache-tests --bench near`. Its last
//! line has the figures.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::{Cache, CacheModel, NearCache, NearHandle};
use cache_tests::private_server;
use serde::{Deserialize, Serialize};

const HITS: u32 = 200_000;
const GETS: u32 = 2_000;
const ROUNDS: usize = 9;
const KEYS: u64 = 10_000;

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user")]
struct User {
    #[primary_key]
    id: u64,
    name: String,
    email: String,
    about: String,
    visits: i64,
}

fn user(id: u64) -> User {
    let about =
        "somebody who is written down at some length, so that the document has its three hundred bytes "
            .repeat(2);
    User { id, name: format!("user {id}"), email: format!("user-{id}@example.com"), about, visits: 7 }
}

/// Nanoseconds a hit, over keys that are far apart.
async fn hits(near: &NearHandle, count: u32) -> f64 {
    let (began, mut id) = (Instant::now(), 0);
    for _ in 0..count {
        id = (id + 7_919) % KEYS;
        black_box(near.get::<User>(id).await.unwrap());
    }
    began.elapsed().as_nanos() as f64 / f64::from(count)
}

/// Nanoseconds a read of the server, one after another.
async fn gets(cache: &Cache) -> f64 {
    let (began, mut id) = (Instant::now(), 0);
    for _ in 0..GETS {
        id = (id + 7_919) % KEYS;
        black_box(User::get(cache, id).await.unwrap());
    }
    began.elapsed().as_nanos() as f64 / f64::from(GETS)
}

/// Nanoseconds a hit where two threads hit at once.
async fn hits_of_two(near: &NearHandle) -> f64 {
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let near = near.clone();
            tokio::spawn(async move { hits(&near, HITS).await })
        })
        .collect();
    let mut sum = 0.0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    sum / 2.0
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() {
    // `cargo test` runs benches too, in a profile that says nothing.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = private_server().await;
        let cache = Cache::connect(server.url()).await.unwrap().project("shop");
        let near = cache.near(NearCache::new().capacity(50_000).ttl(Duration::from_secs(600))).await.unwrap();
        let saved = User::save_many(&cache, (0..KEYS).map(user)).await;
        assert!(saved.iter().all(Result::is_ok));
        assert!(near.get_many::<User, _>(0..KEYS).await.unwrap().iter().all(Option::is_some));
        let first = near.get::<User>(1).await.unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &near.get::<User>(1).await.unwrap().unwrap()));
        let (mut hit, mut two, mut get) = (Vec::new(), Vec::new(), Vec::new());
        let before = near.status();
        for _ in 0..ROUNDS {
            hit.push(hits(&near, HITS).await);
            get.push(gets(&cache).await);
            two.push(hits_of_two(&near).await);
        }
        let after = near.status();
        assert_eq!((after.misses, after.bypassed), (before.misses, before.bypassed), "all of them were hits");
        let (hit, two, get) = (median(hit), median(two), median(get));
        println!(
            "figures: hit {hit:.0} ns, of two threads {two:.0} ns, get {get:.0} ns, ratio {:.0}, medians of {ROUNDS}",
            get / hit
        );
    });
}
