//! Indexes that are made again while a run is under way: it ends when they are filled, and its answer tells all that it did.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_core::{
    Cache, CacheModel, Command, IndexInfo, IndexSchema, Migration, Migrator, Notice, Protocol, Schema,
};
use cache_tests::releases::{alias, first, index, indexes, save, second, target, used_before};
use cache_tests::{chain, connect, private_server};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

type Old = first::User;
type New = second::User;

/// So many that an index is not filled at once.
const DOCUMENTS: u32 = 20_000;

/// The same users, of whom the index has the older ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", filter = "@age > 17")]
struct Older {
    #[primary_key]
    id: u32,
    #[index]
    name: String,
    #[index(sortable)]
    age: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "order")]
struct Order {
    #[primary_key]
    id: u32,
    #[index]
    city: String,
}

type Steps = Arc<dyn Fn(&str) + Send + Sync>;

/// Does something behind the first step of this name, before the run goes on.
fn behind<F: Future<Output = ()>>(step: &'static str, deed: impl Fn() -> F + Send + Sync + 'static) -> Steps {
    let done = AtomicBool::new(false);
    Arc::new(move |seen| {
        if seen == step && !done.swap(true, Ordering::SeqCst) {
            tokio::task::block_in_place(|| Handle::current().block_on(deed()));
        }
    })
}

async fn info(cache: &Cache, name: &str) -> IndexInfo {
    IndexInfo::decode(cache.command(Command::new("FT.INFO").arg(name)).await.unwrap()).unwrap()
}

/// A flush of another database, behind which another replica makes the index again.
async fn make_again(url: &str, schema: &'static Schema) {
    let elsewhere = connect(&format!("{url}?db=1"), Protocol::Resp3).await;
    elsewhere.command(Command::new("FLUSHDB")).await.unwrap();
    let replica = connect(url, Protocol::Resp3).await;
    let keyspace = replica.keyspace().unwrap();
    replica.command(schema.create_index(keyspace).unwrap()).await.unwrap();
    let info = info(&replica, &schema.index_name(keyspace)).await;
    assert!(!info.is_filled(), "the server was too fast: {} documents", info.documents);
}

async fn run(migrator: Migrator, cache: &Cache) -> Migration {
    migrator.run(cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// The index is made again behind this step of a run.
async fn is_waited_for(protocol: Protocol, step: &'static str) {
    let server = private_server().await;
    let (url, cache) = (server.url(), connect(&server.url(), protocol).await);
    save(&cache, DOCUMENTS).await;
    let migrator = || Migrator::new().register::<New>();
    if step == "leased" {
        // Then there is nothing to do, as far as the plan knows.
        run(migrator(), &cache).await;
        assert!(migrator().plan(&cache).await.unwrap()[0].is_empty());
    }
    let fresh = connect(&url, protocol).await;
    let again = behind(step, move || {
        let url = url.clone();
        async move { make_again(&url, New::schema()).await }
    });
    let migration = run(migrator().observe_steps(again), &fresh).await;
    let there = info(&cache, &index::<New>(&cache)).await;
    assert!(there.is_filled(), "{} of {DOCUMENTS} documents", there.documents);
    let told = &migration.indexes()[0];
    assert_eq!((told.documents, told.active), (u64::from(DOCUMENTS), true));
    assert_eq!(target(&cache, &alias(&cache)).await, Some(told.name.clone()));
    assert_eq!(New::find().count(&fresh).await.unwrap(), u64::from(DOCUMENTS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_filled_when_the_plan_was_made_2() {
    is_waited_for(Protocol::Resp2, "leased").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_filled_when_the_plan_was_made_3() {
    is_waited_for(Protocol::Resp3, "leased").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_waited_for_2() {
    is_waited_for(Protocol::Resp2, "cutover").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_waited_for_3() {
    is_waited_for(Protocol::Resp3, "cutover").await;
}

/// Of a model with a `filter` the alias is all that there is to do, and no index is compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_alias_does_not_move_to_one_that_is_being_filled() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    save(&cache, DOCUMENTS).await;
    let migrator = || Migrator::new().register::<Older>();
    run(migrator(), &cache).await;
    cache.command(Command::new("FT.ALIASDEL").arg(alias(&cache))).await.unwrap();
    assert_eq!(migrator().plan(&cache).await.unwrap()[0].steps.len(), 1);
    let (url, seen) = (server.url(), Arc::new(Mutex::new(Vec::new())));
    let again = behind("leased", move || {
        let url = url.clone();
        async move { make_again(&url, Older::schema()).await }
    });
    let looks = {
        let (cache, seen) = (cache.clone(), Arc::clone(&seen));
        behind("cutover", move || {
            let (cache, seen) = (cache.clone(), Arc::clone(&seen));
            async move {
                let there = info(&cache, &alias(&cache)).await;
                seen.lock().unwrap().push((there.is_filled(), there.documents));
            }
        })
    };
    let both = Arc::new(move |step: &str| {
        again(step);
        looks(step);
    });
    let migration = run(migrator().observe_steps(both), &cache).await;
    let older = u64::from(DOCUMENTS - 18);
    assert_eq!(*seen.lock().unwrap(), [(true, older)]);
    assert_eq!(migration.indexes()[0].documents, older);
}

/// What was done for one model is told though the run goes on with new plans, for another one's sake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_before_a_new_plan_is_told() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    save(&cache, 20).await;
    run(Migrator::new().register::<Old>(), &connect(&server.url(), Protocol::Resp3).await).await;
    used_before(&cache, Old::schema().fingerprint(), 60_000).await;
    let old = index::<Old>(&cache);
    let vanishes = {
        let cache = cache.clone();
        behind("collected", move || {
            let cache = cache.clone();
            async move {
                let drop = Command::new("FT.DROPINDEX").arg(index::<Order>(&cache));
                cache.command(drop).await.unwrap();
            }
        })
    };
    let migrator = Migrator::new().register::<New>().register::<Order>().retain(Duration::ZERO);
    let migration = run(migrator.observe_steps(vanishes), &cache).await;
    let [users, orders] = migration.indexes() else { panic!("{migration}") };
    assert_eq!(users.dropped, [old.as_str()]);
    assert_eq!(users.notices, [Notice::NoLock { from: old }]);
    assert!(users.created && users.active && orders.created && orders.active, "{migration}");
    assert_eq!(indexes(&cache).await, [index::<Order>(&cache), index::<New>(&cache)]);
    // It is told once.
    let again = run(Migrator::new().register::<New>().register::<Order>(), &cache).await;
    assert!(again.indexes().iter().all(|index| index.dropped.is_empty() && index.notices.is_empty()));
}
