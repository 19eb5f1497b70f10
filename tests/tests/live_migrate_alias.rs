//! The alias of a model's indexes: it moves forward, whoever boots, and back on purpose only.

use cache_core::{Cache, CacheModel, IndexSchema, MigrateError, Migration, Migrator, Notice, Schema};
use cache_tests::live;
use cache_tests::releases::{alias, first, index, lock, save, second, target, third};

type Old = first::User;
type New = second::User;

fn release(schema: &'static Schema, lock: &str) -> Migrator {
    Migrator::new().register_schema(schema).lock(lock)
}

fn notices(migration: &Migration) -> Vec<Notice> {
    migration.notices().map(|(_, notice)| notice.clone()).collect()
}

async fn old_and_new_releases_may_boot_in_any_order(cache: Cache) {
    let schemas = [Old::schema(), New::schema(), third::User::schema()];
    let locks = [lock(&schemas[..1]), lock(&schemas[..2]), lock(&schemas)];
    save(&cache, 50).await;
    let global = cache.keyspace().unwrap().global().to_owned();
    // Every order in which three releases can boot twice each: the alias is at the newest that ever booted.
    for (number, order) in orders().into_iter().enumerate() {
        let cache = cache.clone().namespace(&format!("{global}-{number}"));
        save(&cache, 3).await;
        let mut newest = 0;
        for release_number in order {
            newest = newest.max(release_number);
            let migration =
                release(schemas[release_number], &locks[release_number]).run(&cache).await.unwrap();
            let active = target(&cache, &alias(&cache)).await.unwrap();
            assert_eq!(active, schemas[newest].index_name(cache.keyspace().unwrap()), "{order:?}");
            let booted = &migration.indexes()[0];
            assert_eq!((booted.active, booted.documents), (release_number == newest, 3), "{order:?}");
            let left = notices(&migration).iter().any(|notice| matches!(notice, Notice::Newer { .. }));
            assert_eq!(left, release_number < newest, "{order:?}");
        }
        // Whoever booted finds its own.
        assert_eq!(Old::find_by_name("n1").count(&cache).await.unwrap(), 1);
        assert_eq!(New::find_by_age(1).count(&cache).await.unwrap(), 1);
    }
}

/// Orders of 0, 1 and 2, each twice, in which all come up once before the last two.
fn orders() -> Vec<[usize; 6]> {
    let mut orders = Vec::new();
    for one in 0..3 {
        for two in 0..3 {
            for three in 0..3 {
                if one != two && two != three && one != three {
                    orders.push([one, two, three, three, one, two]);
                    orders.push([one, two, three, one, three, two]);
                }
            }
        }
    }
    orders
}

async fn many_replicas_of_three_releases_boot_at_once(cache: Cache) {
    save(&cache, 500).await;
    let schemas = [Old::schema(), New::schema(), third::User::schema()];
    let boots: Vec<_> = (0..12)
        .map(|number| {
            let (cache, known) = (cache.clone(), &schemas[..=number % 3]);
            let release = release(schemas[number % 3], &lock(known));
            tokio::spawn(async move { release.run(&cache).await.map(drop) })
        })
        .collect();
    for boot in boots {
        boot.await.unwrap().unwrap();
    }
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<third::User>(&cache)));
    assert_eq!(Old::find().count(&cache).await.unwrap(), 500);
    assert_eq!(New::find().count(&cache).await.unwrap(), 500);
    assert_eq!(third::User::find().count(&cache).await.unwrap(), 500);
}

async fn without_a_lock_it_moves_to_whoever_boots_and_says_so(cache: Cache) {
    let (old, new) = (Migrator::new().register::<Old>(), Migrator::new().register::<New>());
    assert_eq!(notices(&old.run(&cache).await.unwrap()), []);
    let migration = new.run(&cache).await.unwrap();
    assert_eq!(notices(&migration), [Notice::NoLock { from: index::<Old>(&cache) }]);
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<New>(&cache)));
    old.run(&cache).await.unwrap();
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)));
}

async fn a_downgrade_on_purpose_moves_it_back(cache: Cache) {
    release(New::schema(), &lock(&[Old::schema(), New::schema()])).run(&cache).await.unwrap();
    let old = release(Old::schema(), &lock(&[Old::schema()]));
    assert!(!old.run(&cache).await.unwrap().indexes()[0].active);
    assert!(old.force_activate().run(&cache).await.unwrap().indexes()[0].active);
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)));
    // The next boot of the new release takes it forward again.
    release(New::schema(), &lock(&[Old::schema(), New::schema()])).run(&cache).await.unwrap();
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<New>(&cache)));
}

async fn a_schema_that_is_not_in_its_lock_is_the_newest(cache: Cache) {
    release(Old::schema(), &lock(&[Old::schema()])).run(&cache).await.unwrap();
    let migration = release(New::schema(), &lock(&[Old::schema()])).run(&cache).await.unwrap();
    assert_eq!(notices(&migration), [Notice::NotInLock]);
    assert!(migration.indexes()[0].active);
}

async fn a_lock_that_cannot_be_read_is_refused_before_anything_is_written(cache: Cache) {
    let error = release(Old::schema(), "user\n").run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::Lock(_)), "{error}");
    assert!(
        cache_tests::chain(&error).contains("line 1 of the schema lock is `user`"),
        "{}",
        cache_tests::chain(&error)
    );
    assert_eq!(cache_tests::releases::indexes(&cache).await, [""; 0]);
}

live! {
    old_and_new_releases_may_boot_in_any_order,
    many_replicas_of_three_releases_boot_at_once,
    without_a_lock_it_moves_to_whoever_boots_and_says_so,
    a_downgrade_on_purpose_moves_it_back,
    a_schema_that_is_not_in_its_lock_is_the_newest,
    a_lock_that_cannot_be_read_is_refused_before_anything_is_written,
}
