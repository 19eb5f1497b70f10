//! What an addition in place costs: every release is told of it, and no later run passes over it.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_core::{
    Cache, CacheModel, Command, Error, IndexSchema, MigrateError, Migrator, Notice, RedisSettings, Schema,
    Shortfall, Strategy,
};
use cache_tests::releases::{
    alias, first, global, index, indexes, lock, save, second, target, third, used_before, write,
};
use cache_tests::{connect_with, live};

type Old = first::User;
type New = second::User;

/// How long a handle believes what it saw of an index, and a little.
const BELIEVED: Duration = Duration::from_secs(35);

fn release(schema: &'static Schema) -> Migrator {
    let lock = lock(&[Old::schema(), New::schema(), third::User::schema()]);
    Migrator::new().register_schema(schema).lock(&lock)
}

fn in_place(schema: &'static Schema) -> Migrator {
    release(schema).strategy(Strategy::InPlaceAdditive)
}

/// Another process, in the same namespace.
async fn other(cache: &Cache) -> Cache {
    let settings = RedisSettings::new(cache_tests::shared_url().await);
    connect_with(settings).await.unwrap().namespace(&global(cache))
}

/// What the old release is answered: how many documents, or how many are missing.
async fn counted(cache: &Cache) -> Result<u64, u64> {
    match Old::find().count(cache).await {
        Ok(count) => Ok(count),
        Err(Error::Incomplete { completeness, .. }) => match completeness.shortfalls() {
            [Shortfall::FailedDocuments(missing)] => Err(*missing),
            other => panic!("{other:?}"),
        },
        Err(error) => panic!("{error}"),
    }
}

/// Asks until the answer is this one; the answers before it.
async fn until(cache: &Cache, wanted: Result<u64, u64>) -> Vec<Result<u64, u64>> {
    let (began, mut before) = (Instant::now(), Vec::new());
    loop {
        let answer = counted(cache).await;
        if answer == wanted {
            return before;
        }
        before.push(answer);
        assert!(began.elapsed() < BELIEVED, "after half a minute, {answer:?} and not {wanted:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn the_old_release_is_told_of_what_vanishes(cache: Cache) {
    let other = other(&cache).await;
    save(&cache, 20).await;
    in_place(Old::schema()).run(&cache).await.unwrap();
    write(&cache, 101, r#"{"id":101,"name":"n1","age":"old"}"#).await;
    assert_eq!(counted(&cache).await, Ok(21));
    let error = in_place(New::schema()).run(&other).await.unwrap_err();
    assert!(matches!(error, MigrateError::Verify { missing: 1, .. }), "{error}");
    let before = until(&cache, Err(1)).await;
    if cache.connection().notices_flushes() {
        assert!(before.iter().all(|answer| *answer == Ok(20)), "{before:?}");
    } else {
        assert_eq!(before, [], "where each query looks, the first one is told");
    }
    assert!(!matches!(cache.readiness().overall(), cache_core::Ready::Yes));

    // Mended, it is there again, and nobody has to run a migrator for that.
    write(&cache, 101, r#"{"id":101,"name":"n1","age":7}"#).await;
    let before = until(&cache, Ok(21)).await;
    assert!(before.iter().all(|answer| *answer == Err(1)), "{before:?}");
}

/// Also what another program writes, whoever looks at the index: no migrator ran under this handle.
async fn what_others_write_with_a_wrong_type_is_told(cache: Cache) {
    save(&cache, 5).await;
    in_place(Old::schema()).run(&cache).await.unwrap();
    write(&cache, 101, r#"{"id":101,"name":17,"age":1}"#).await;
    write(&cache, 101, r#"{"id":101,"name":18,"age":1}"#).await;
    let other = other(&cache).await;
    // Until they are counted, what the server's counter says is what may be missing.
    let before = until(&other, Err(1)).await;
    assert!(before.iter().all(|answer| *answer == Err(2)), "{before:?}");
}

async fn a_run_that_makes_another_index_does_not_pass_over_them(cache: Cache) {
    save(&cache, 20).await;
    // What the old index lacked already does not count.
    write(&cache, 100, r#"{"id":100,"name":17,"age":1}"#).await;
    in_place(Old::schema()).run(&cache).await.unwrap();
    let bad = write(&cache, 101, r#"{"id":101,"name":"n1","age":"old"}"#).await;
    in_place(New::schema()).run(&cache).await.unwrap_err();
    for schema in [New::schema(), third::User::schema(), New::schema()] {
        match release(schema).run(&cache).await {
            Err(MigrateError::Verify { against: Some(against), missing: 1, keys, .. }) => {
                assert_eq!((against, keys), (index::<Old>(&cache), vec![bad.clone()]));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)));
    }
    assert!(release(New::schema()).allow_failures(1).plan(&cache).await.is_ok());

    // Mended, the run goes on, and nothing is left of the extension that was given up.
    write(&cache, 101, r#"{"id":101,"name":"n1","age":6}"#).await;
    let migration = release(New::schema()).run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].missing), (21, 1));
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<New>(&cache)));
    let key = format!("{}:~user:extending", global(&cache));
    let left = cache.command(Command::new("HLEN").key(&key)).await.unwrap();
    assert_eq!(left.as_int(), Some(0));
}

async fn an_extension_that_was_given_up_keeps_no_index_for_ever(cache: Cache) {
    save(&cache, 5).await;
    in_place(Old::schema()).run(&cache).await.unwrap();
    write(&cache, 101, r#"{"id":101,"name":"n1","age":"old"}"#).await;
    in_place(New::schema()).run(&cache).await.unwrap_err();
    write(&cache, 101, r#"{"id":101,"name":"n1","age":6}"#).await;
    // Another release takes its place; the one that gave up never comes back, and its entry stays.
    let after = release(third::User::schema());
    after.run(&cache).await.unwrap();
    for schema in [Old::schema(), New::schema()] {
        used_before(&cache, schema.fingerprint(), 1_000_000).await;
    }
    let key = format!("{}:~user:extending", global(&cache));
    assert_eq!(cache.command(Command::new("HLEN").key(&key)).await.unwrap().as_int(), Some(1));
    let migration = after.retain(Duration::from_secs(100)).run(&cache).await.unwrap();
    assert_eq!(migration.indexes()[0].dropped, [index::<Old>(&cache)]);
    release(third::User::schema()).run(&cache).await.unwrap();
    assert_eq!(cache.command(Command::new("HLEN").key(&key)).await.unwrap().as_int(), Some(0));
}

async fn an_index_that_was_made_again_is_extended_no_longer(cache: Cache) {
    save(&cache, 5).await;
    in_place(Old::schema()).run(&cache).await.unwrap();
    write(&cache, 101, r#"{"id":101,"name":"n1","age":"old"}"#).await;
    in_place(New::schema()).run(&cache).await.unwrap_err();
    cache.command(Command::new("FT.DROPINDEX").arg(index::<Old>(&cache))).await.unwrap();
    in_place(Old::schema()).run(&cache).await.unwrap();
    assert_eq!(counted(&cache).await, Ok(6));
    write(&cache, 101, r#"{"id":101,"name":"n1","age":6}"#).await;
    // Neither index takes it, and no extension is to blame.
    write(&cache, 102, r#"{"id":102,"name":17,"age":1}"#).await;
    assert_eq!(release(New::schema()).run(&cache).await.unwrap().indexes()[0].missing, 1);
    // Nor does what was counted then count when fields are added to the index of now.
    cache.command(Command::new("FT.DROPINDEX").arg(index::<New>(&cache))).await.unwrap();
    release(Old::schema()).force_activate().run(&cache).await.unwrap();
    let migration = in_place(New::schema()).run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].created, migration.indexes()[0].missing), (false, 1));
}

async fn its_own_extension_keeps_no_index_either(cache: Cache) {
    save(&cache, 5).await;
    in_place(Old::schema()).run(&cache).await.unwrap();
    write(&cache, 101, r#"{"id":101,"name":"n1","age":"old"}"#).await;
    in_place(New::schema()).run(&cache).await.unwrap_err();
    let run = release(New::schema()).allow_failures(1).run(&cache).await.unwrap();
    assert_eq!(run.indexes()[0].missing, 1);
    used_before(&cache, Old::schema().fingerprint(), 1_000_000).await;
    let migration = release(New::schema()).retain(Duration::from_secs(100)).run(&cache).await.unwrap();
    assert_eq!(migration.indexes()[0].dropped, [index::<Old>(&cache)]);
    assert_eq!(indexes(&cache).await, [index::<New>(&cache)]);
}

async fn which_documents_were_missing_before_is_known(cache: Cache) {
    save(&cache, 5).await;
    write(&cache, 100, r#"{"id":100,"name":17,"age":1}"#).await;
    in_place(Old::schema()).run(&cache).await.unwrap();
    let bad = write(&cache, 101, r#"{"id":101,"name":"n1","age":"old"}"#).await;
    let refused = async || match in_place(New::schema()).run(&cache).await {
        Err(MigrateError::Verify { missing: 1, keys, .. }) => assert_eq!(keys, std::slice::from_ref(&bad)),
        other => panic!("{other:?}"),
    };
    refused().await;
    // As many are missing now as before anything was added, and not the same.
    write(&cache, 100, r#"{"id":100,"name":"n7","age":1}"#).await;
    refused().await;
}

mod tagged {
    use super::*;

    #[derive(Debug, serde::Serialize, serde::Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub(crate) struct User {
        #[primary_key]
        pub(crate) id: u32,
        #[index]
        pub(crate) name: String,
        #[index]
        pub(crate) note: String,
    }
}

mod worded {
    use super::*;

    #[derive(Debug, serde::Serialize, serde::Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub(crate) struct User {
        #[primary_key]
        pub(crate) id: u32,
        #[index]
        pub(crate) name: String,
        #[index(text)]
        pub(crate) note: String,
    }
}

async fn releases_that_add_one_name_with_two_kinds_both_boot(cache: Cache) {
    let lock = lock(&[Old::schema(), tagged::User::schema(), worded::User::schema()]);
    let migrator =
        |schema| Migrator::new().register_schema(schema).strategy(Strategy::InPlaceAdditive).lock(&lock);
    migrator(Old::schema()).run(&cache).await.unwrap();
    for id in 0..20 {
        write(&cache, id, &format!(r#"{{"id":{id},"name":"n{id}","note":"one of {id}"}}"#)).await;
    }
    // The second has made its plan when the first adds the field.
    let (done, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(Some(wait));
    let slow = migrator(worded::User::schema()).observe_steps(Arc::new(move |step: &str| {
        if let ("leased", Some(wait)) = (step, wait.lock().unwrap().take()) {
            tokio::task::block_in_place(|| wait.recv_timeout(Duration::from_secs(60))).unwrap();
        }
    }));
    let slow = tokio::spawn({
        let cache = other(&cache).await;
        async move { slow.run(&cache).await }
    });
    let leases = format!("{}:~user:leases", global(&cache));
    while cache.command(Command::new("ZCARD").key(&leases)).await.unwrap().as_int() != Some(2) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    migrator(tagged::User::schema()).run(&cache).await.unwrap();
    done.send(()).unwrap();
    let migration = slow.await.unwrap().unwrap();
    assert!(migration.indexes()[0].created, "beside the one that has the field already");
    assert!(migration.notices().any(|(_, notice)| matches!(notice, Notice::NotInPlace { .. })));
    assert_eq!(target(&cache, &index::<tagged::User>(&cache)).await, Some(index::<Old>(&cache)));
    assert_eq!(tagged::User::find_by_note("one of 7").one(&cache).await.unwrap().name, "n7");
    assert_eq!(worded::User::find_by_note("7").one(&cache).await.unwrap().id, 7);
    assert_eq!(Old::find_by_name("n7").count(&cache).await.unwrap(), 1);
    for schema in [Old::schema(), tagged::User::schema(), worded::User::schema()] {
        assert_eq!(migrator(schema).plan(&cache).await.unwrap()[0].steps, []);
    }
}

live! {
    the_old_release_is_told_of_what_vanishes,
    what_others_write_with_a_wrong_type_is_told,
    a_run_that_makes_another_index_does_not_pass_over_them,
    an_extension_that_was_given_up_keeps_no_index_for_ever,
    an_index_that_was_made_again_is_extended_no_longer,
    its_own_extension_keeps_no_index_either,
    which_documents_were_missing_before_is_known,
    releases_that_add_one_name_with_two_kinds_both_boot,
}
