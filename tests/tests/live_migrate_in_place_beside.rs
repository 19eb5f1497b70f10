//! Fields that one replica adds in place while another one looks at what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cache_core::{Cache, IndexSchema, Migrator, Protocol, Strategy};
use cache_tests::before::Before;
use cache_tests::releases::{first, index, indexes, save, second, third};
use cache_tests::{chain, connect, private_server};
use tokio::sync::Notify;

fn in_place<M: IndexSchema + 'static>() -> Migrator {
    Migrator::new().register::<M>().strategy(Strategy::InPlaceAdditive)
}

/// A replica that boots until its fields are added, and is killed then.
async fn until_altered<M: IndexSchema + 'static>(cache: Cache) {
    let altered = Arc::new(Notify::new());
    let tell = Arc::clone(&altered);
    let observed = in_place::<M>().observe_steps(Arc::new(move |step| {
        if step == "altered" {
            tell.notify_one();
        }
    }));
    tokio::select! {
        biased;
        () = altered.notified() => {}
        run = observed.run(&cache) => panic!("it ended: {run:?}"),
    }
}

/// The same cache, with a replica beside it whose fields are added before this one reads what the server knows of indexes.
fn beside<M: IndexSchema + 'static>(plain: &Cache, global: &str) -> Cache {
    let (other, done) = (plain.clone().project(global), Arc::new(AtomicBool::new(false)));
    let old = index::<first::User>(&other);
    let connection = Before::new(plain.connection(), move |command| {
        // Byte strings travel in a script that asks for them.
        let has = |word: &[u8]| command.args().any(|argument| argument == word);
        let asks = has(b"FT.INFO") && has(old.as_bytes());
        let is_it = asks && !done.swap(true, Ordering::SeqCst);
        let other = other.clone();
        Box::pin(async move {
            if is_it {
                // In a task: this one is part of the run beside.
                tokio::spawn(until_altered::<M>(other)).await.unwrap();
            }
        })
    });
    Cache::from_connection(Arc::new(connection)).project(global)
}

/// One that boots meanwhile does not take it for an index of others, whichever release it is of.
async fn adds_none_of_its_own<Theirs: IndexSchema + 'static, Ours: IndexSchema + 'static>(
    protocol: Protocol,
) {
    let server = private_server().await;
    let plain = connect(&server.url(), protocol).await;
    let cache = plain.clone().project("shop");
    save(&cache, 300).await;
    in_place::<first::User>().run(&cache).await.unwrap();
    let meets = beside::<Theirs>(&plain, "shop");
    let migration = in_place::<Ours>().run(&meets).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(migration.indexes()[0].documents, 300);
    assert_eq!(indexes(&cache).await, [index::<first::User>(&cache)]);
    assert!(in_place::<Ours>().plan(&cache).await.unwrap()[0].is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_the_same_release_2() {
    adds_none_of_its_own::<second::User, second::User>(Protocol::Resp2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_the_same_release_3() {
    adds_none_of_its_own::<second::User, second::User>(Protocol::Resp3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_the_release_before_2() {
    adds_none_of_its_own::<second::User, third::User>(Protocol::Resp2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_the_release_before_3() {
    adds_none_of_its_own::<second::User, third::User>(Protocol::Resp3).await;
}
