//! Who gets the alias when all indexes vanished and each release makes its own again; and who makes none.

use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::{
    Cache, CacheModel, Command, Error, IndexPolicy, IndexSchema, IndexState, Migrator, Protocol, Ready,
    Strategy,
};
use cache_tests::releases::{alias, first, index, indexes, lock, save, second, target};
use cache_tests::{connect, private_server};

type Old = first::User;
type New = second::User;

/// Longer than any of it takes.
const LONG: IndexPolicy = IndexPolicy::WaitUpTo(Duration::from_secs(60));

const DOCUMENTS: u32 = 500;

/// Two processes, of the old release and of the new one.
struct Fleet {
    server: Server,
    old: Cache,
    new: Cache,
}

impl Fleet {
    async fn start(protocol: Protocol) -> Self {
        let server = private_server().await;
        let [old, new] = [connect(&server.url(), protocol).await, connect(&server.url(), protocol).await];
        save(&old, DOCUMENTS).await;
        Self { server, old, new }
    }

    /// Empties database 1, which is empty: all indexes are dropped, and the documents stay.
    async fn flush(&self) {
        let other = connect(&format!("{}?db=1", self.server.url()), Protocol::Resp3).await;
        let _ = other.command(Command::new("FLUSHDB")).await.unwrap();
        assert_eq!(target(&self.old, &alias(&self.old)).await, None);
    }

    async fn ask_old(&self) {
        let found = Old::find().while_indexing(LONG).count(&self.old).await.unwrap();
        assert_eq!(found, u64::from(DOCUMENTS));
    }

    async fn ask_new(&self) {
        let found = New::find().while_indexing(LONG).count(&self.new).await.unwrap();
        assert_eq!(found, u64::from(DOCUMENTS));
    }

    async fn active(&self) -> Option<String> {
        target(&self.old, &alias(&self.old)).await
    }

    async fn until_active(&self, wanted: &str) {
        let began = Instant::now();
        loop {
            let active = self.active().await;
            if active.as_deref() == Some(wanted) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{active:?} is active, not {wanted}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Time for whoever would move the alias: a later errand of the same kind is done.
    async fn stays_active(&self, wanted: &str) {
        for _ in 0..20 {
            self.ask_old().await;
            self.ask_new().await;
            assert_eq!(self.active().await.as_deref(), Some(wanted));
        }
    }
}

fn locked<M: IndexSchema>(schemas: usize) -> Migrator {
    let lock = lock(&[Old::schema(), New::schema()][..schemas]);
    Migrator::new().register::<M>().lock(&lock)
}

async fn the_newest_by_the_lock_gets_it(protocol: Protocol) {
    let fleet = Fleet::start(protocol).await;
    locked::<Old>(1).run(&fleet.old).await.unwrap();
    locked::<New>(2).run(&fleet.new).await.unwrap();
    let newest = index::<New>(&fleet.new);
    for round in 0..6 {
        fleet.flush().await;
        if round % 2 == 0 {
            // The old release had the alias when it ran, and takes it until the newer one has its index again.
            fleet.ask_old().await;
            assert_eq!(fleet.active().await, Some(index::<Old>(&fleet.old)));
            fleet.ask_new().await;
        } else {
            fleet.ask_new().await;
            fleet.ask_old().await;
        }
        fleet.until_active(&newest).await;
        fleet.stays_active(&newest).await;
    }
}

async fn one_that_found_a_newer_one_active_never_takes_it(protocol: Protocol) {
    let fleet = Fleet::start(protocol).await;
    locked::<New>(2).run(&fleet.new).await.unwrap();
    assert!(!locked::<Old>(1).run(&fleet.old).await.unwrap().indexes()[0].active);
    fleet.flush().await;
    fleet.ask_old().await;
    assert_eq!(fleet.active().await, None);
    fleet.ask_new().await;
    assert_eq!(fleet.active().await, Some(index::<New>(&fleet.new)));
}

async fn without_a_lock_it_is_never_taken_from_another_index(protocol: Protocol) {
    let fleet = Fleet::start(protocol).await;
    Migrator::new().register::<Old>().run(&fleet.old).await.unwrap();
    Migrator::new().register::<New>().run(&fleet.new).await.unwrap();
    assert_eq!(fleet.active().await, Some(index::<New>(&fleet.new)));
    for first_asks_old in [true, false] {
        fleet.flush().await;
        let expected = if first_asks_old {
            fleet.ask_old().await;
            index::<Old>(&fleet.old)
        } else {
            fleet.ask_new().await;
            index::<New>(&fleet.new)
        };
        fleet.stays_active(&expected).await;
    }
}

async fn by_hand_none_is_made_again(protocol: Protocol) {
    let fleet = Fleet::start(protocol).await;
    let (cache, name) = (&fleet.new, index::<New>(&fleet.new));
    let create = || New::schema().create_index(cache.keyspace().unwrap()).unwrap();
    let manual = || Migrator::new().register::<New>().strategy(Strategy::Manual);
    cache.command(create()).await.unwrap();
    manual().run(cache).await.unwrap();
    fleet.ask_new().await;

    fleet.flush().await;
    for policy in [IndexPolicy::Allow, IndexPolicy::FailFast, LONG] {
        let error = New::find().while_indexing(policy).count(cache).await.unwrap_err();
        assert!(matches!(&error, Error::IndexLeft { model: "User", index } if *index == name), "{error}");
        assert!(error.is_unknown_index() && error.to_string().contains("Strategy::Manual"), "{error}");
    }
    assert_eq!(cache.readiness().indexes()[0].state, IndexState::Missing);
    // A watch makes none either, and sees the one that somebody makes.
    let watch = manual().watch_every(cache, Duration::ZERO).unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        assert_eq!(indexes(cache).await, [""; 0]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    cache.command(create()).await.unwrap();
    while cache.readiness().overall() != Ready::Yes {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", cache.readiness());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fleet.ask_new().await;
    drop(watch);

    // What the last run said holds.
    Migrator::new().register::<New>().run(cache).await.unwrap();
    fleet.flush().await;
    fleet.ask_new().await;
}

cache_tests::both! {
    the_newest_by_the_lock_gets_it,
    one_that_found_a_newer_one_active_never_takes_it,
    without_a_lock_it_is_never_taken_from_another_index,
    by_hand_none_is_made_again,
}
