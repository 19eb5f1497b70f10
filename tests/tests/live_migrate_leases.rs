//! Leases, and old indexes that nobody holds one of.

use std::time::{Duration, Instant};

use cache_core::{
    Cache, CacheModel, Command, Fingerprint, IndexPolicy, IndexSchema, Migrator, Step, Strategy,
};
use cache_tests::releases::{first, global, index, indexes, lock, save, second, target, third, used_before};
use cache_tests::{elsewhere, live};

type Old = first::User;
type New = second::User;

const DAY: u64 = 24 * 60 * 60 * 1_000;

fn old() -> Migrator {
    Migrator::new().register::<Old>()
}

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

/// How long a schema is known to be used from now on, in milliseconds.
async fn lease(cache: &Cache, fingerprint: &Fingerprint) -> Option<i64> {
    let key = format!("{}:~user:leases", global(cache));
    let score = cache.command(Command::new("ZSCORE").key(key).arg_display(fingerprint)).await.unwrap();
    let time = cache.command(Command::new("TIME")).await.unwrap().into_items().unwrap();
    let now = time[0].as_int().unwrap() * 1_000 + time[1].as_int().unwrap() / 1_000;
    Some(score.as_double()? as i64 - now)
}

async fn a_run_takes_a_lease_and_sees_what_else_is_there(cache: Cache) {
    old().run(&cache).await.unwrap();
    let left = lease(&cache, Old::schema().fingerprint()).await.unwrap();
    assert!((55_000..=60_000).contains(&left), "{left}");
    assert_eq!(lease(&cache, New::schema().fingerprint()).await, None);

    // One that nobody ever said to use is seen by the next run.
    cache.command(Command::new("DEL").key(format!("{}:~user:leases", global(&cache)))).await.unwrap();
    new().run(&cache).await.unwrap();
    let seen = lease(&cache, Old::schema().fingerprint()).await.unwrap();
    assert!((-5_000..=0).contains(&seen), "{seen}");
    // Once seen, the time stays.
    used_before(&cache, Old::schema().fingerprint(), 5_000_000).await;
    new().run(&cache).await.unwrap();
    assert!(lease(&cache, Old::schema().fingerprint()).await.unwrap() < -4_900_000);
}

async fn a_run_drops_what_nobody_used_for_a_day(cache: Cache) {
    save(&cache, 10).await;
    old().run(&cache).await.unwrap();
    new().run(&cache).await.unwrap();
    assert_eq!(indexes(&cache).await.len(), 2, "it is in use");
    used_before(&cache, Old::schema().fingerprint(), DAY - 60_000).await;
    assert_eq!(new().run(&cache).await.unwrap().indexes()[0].dropped, [""; 0]);

    used_before(&cache, Old::schema().fingerprint(), DAY).await;
    assert_eq!(new().keep_old_indexes().run(&cache).await.unwrap().indexes()[0].dropped, [""; 0]);
    let migration = new().run(&cache).await.unwrap();
    assert_eq!(migration.indexes()[0].dropped, [index::<Old>(&cache)]);
    assert_eq!(indexes(&cache).await, [index::<New>(&cache)]);
    assert_eq!(lease(&cache, Old::schema().fingerprint()).await, None);
    assert_eq!(Old::count_all(&cache).await.unwrap(), 10, "documents stay");
    assert_eq!(new().plan(&cache).await.unwrap()[0].steps, []);

    // A release that comes back makes it again.
    assert!(old().run(&cache).await.unwrap().indexes()[0].created);
    assert_eq!(Old::find().count(&cache).await.unwrap(), 10);
}

async fn what_is_collected_is_answered(cache: Cache) {
    save(&cache, 10).await;
    old().run(&cache).await.unwrap();
    new().run(&cache).await.unwrap();
    Migrator::new().register::<third::User>().run(&cache).await.unwrap();
    let last = Migrator::new().register::<third::User>().retain(Duration::ZERO);
    assert_eq!(last.collect(&cache).await.unwrap(), [""; 0], "both are in use");
    used_before(&cache, Old::schema().fingerprint(), 1).await;
    assert_eq!(last.collect(&cache).await.unwrap(), [index::<Old>(&cache)]);
    // One that was never seen is seen now, and goes the next time.
    let forget = Command::new("ZREM").key(format!("{}:~user:leases", global(&cache)));
    cache.command(forget.arg_display(New::schema().fingerprint())).await.unwrap();
    assert_eq!(last.collect(&cache).await.unwrap(), [""; 0]);
    assert_eq!(last.collect(&cache).await.unwrap(), [index::<New>(&cache)]);
    assert_eq!(indexes(&cache).await, [index::<third::User>(&cache)]);
}

async fn what_the_alias_points_at_stays(cache: Cache) {
    save(&cache, 10).await;
    new().run(&cache).await.unwrap();
    used_before(&cache, New::schema().fingerprint(), 9 * DAY).await;
    let old = old().lock(&lock(&[Old::schema()]));
    assert_eq!(old.run(&cache).await.unwrap().indexes()[0].dropped, [""; 0]);
    assert_eq!(old.retain(Duration::ZERO).collect(&cache).await.unwrap(), [""; 0]);
    assert_eq!(indexes(&cache).await.len(), 2);
}

async fn ones_own_stays_also_without_a_lease(cache: Cache) {
    save(&cache, 10).await;
    old().run(&cache).await.unwrap();
    new().run(&cache).await.unwrap();
    used_before(&cache, Old::schema().fingerprint(), 9 * DAY).await;
    assert_eq!(old().retain(Duration::ZERO).collect(&cache).await.unwrap(), [""; 0]);
    assert_eq!(new().retain(Duration::ZERO).collect(&cache).await.unwrap(), [index::<Old>(&cache)]);
}

async fn an_index_that_answers_to_a_name_in_use_stays(cache: Cache) {
    save(&cache, 10).await;
    let in_place = Strategy::InPlaceAdditive;
    old().run(&cache).await.unwrap();
    new().strategy(in_place).run(&cache).await.unwrap();
    Migrator::new().register::<third::User>().run(&cache).await.unwrap();
    // Nobody used the old one by its own name for long; by the other name somebody does.
    used_before(&cache, Old::schema().fingerprint(), 9 * DAY).await;
    let last = Migrator::new().register::<third::User>();
    assert_eq!(last.run(&cache).await.unwrap().indexes()[0].dropped, [""; 0]);
    assert_eq!(last.clone().retain(Duration::ZERO).collect(&cache).await.unwrap(), [""; 0]);
    used_before(&cache, New::schema().fingerprint(), 9 * DAY).await;
    assert_eq!(last.run(&cache).await.unwrap().indexes()[0].dropped, [index::<Old>(&cache)]);
    assert_eq!(target(&cache, &index::<New>(&cache)).await, None);
    assert_eq!(lease(&cache, New::schema().fingerprint()).await, None);
}

/// Services that only ask, whose indexes a command makes before the rollout, say nothing of their own.
async fn what_was_active_up_to_now_is_kept_for_a_day(cache: Cache) {
    save(&cache, 10).await;
    old().run(&cache).await.unwrap();
    used_before(&cache, Old::schema().fingerprint(), 9 * DAY).await;
    let plan = new().plan(&cache).await.unwrap().remove(0);
    assert!(!plan.steps.iter().any(|step| matches!(step, Step::Collect { .. })), "{plan}");
    assert_eq!(new().run(&cache).await.unwrap().indexes()[0].dropped, [""; 0]);
    // Nine days were over before.
    let left = lease(&cache, Old::schema().fingerprint()).await.unwrap();
    assert!((-60_000..=60_000).contains(&left), "{left}");
    assert_eq!(Old::find().count(&cache).await.unwrap(), 10);
    used_before(&cache, Old::schema().fingerprint(), DAY).await;
    assert_eq!(new().run(&cache).await.unwrap().indexes()[0].dropped, [index::<Old>(&cache)]);
}

/// Whoever watches an index that another process made says that it is in use, and makes it again when it vanishes.
async fn a_watch_does_what_a_run_does_for_an_index_that_is_there(cache: Cache) {
    save(&cache, 10).await;
    let service = elsewhere(&cache).await.while_indexing(IndexPolicy::WaitUpTo(Duration::from_secs(20)));
    old().run(&cache).await.unwrap();
    used_before(&cache, Old::schema().fingerprint(), 9 * DAY).await;
    let watch = old().watch(&service).unwrap();
    let began = Instant::now();
    while lease(&cache, Old::schema().fingerprint()).await.unwrap() < 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "it takes no lease");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    new().run(&cache).await.unwrap();
    assert_eq!(new().retain(Duration::ZERO).collect(&cache).await.unwrap(), [""; 0], "it is in use");
    cache.command(Command::new("FT.DROPINDEX").arg(index::<Old>(&cache))).await.unwrap();
    assert_eq!(Old::find().count(&service).await.unwrap(), 10);
    drop(watch);
}

async fn what_others_made_is_never_collected(cache: Cache) {
    let (global, prefix) = (global(&cache), format!("{}:user:", global(&cache)));
    let names =
        [format!("{global}:user:idx:old"), format!("{global}:user:idx:0123456789AB"), format!("{global}-x")];
    for name in &names {
        let create = Command::new("FT.CREATE").arg(name).args_from(["ON", "JSON", "PREFIX", "1", &prefix]);
        cache.command(create.args_from(["SCHEMA", "$.a", "AS", "a", "TAG"])).await.unwrap();
    }
    let now = new().retain(Duration::ZERO);
    for _ in 0..2 {
        now.run(&cache).await.unwrap();
        assert_eq!(now.collect(&cache).await.unwrap(), [""; 0]);
    }
    assert_eq!(indexes(&cache).await.len(), 4);
}

live! {
    a_run_takes_a_lease_and_sees_what_else_is_there,
    a_run_drops_what_nobody_used_for_a_day,
    what_is_collected_is_answered,
    what_the_alias_points_at_stays,
    ones_own_stays_also_without_a_lease,
    an_index_that_answers_to_a_name_in_use_stays,
    what_was_active_up_to_now_is_kept_for_a_day,
    a_watch_does_what_a_run_does_for_an_index_that_is_there,
    what_others_made_is_never_collected,
}
