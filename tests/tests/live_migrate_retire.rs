//! Indexes as redis-om makes them: known by what they are, compared with ours, and retired on request.

use cache_core::{Cache, CacheModel, Command, MigrateError, Migrator, Notice, Step, Strategy};
use cache_tests::live;
use cache_tests::releases::{alias, create, first, global, index, indexes, save, second, target, write};

type Old = first::User;
type New = second::User;

/// What redis-om keeps beside an index: the digest of its schema.
const SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

/// What redis-om-python's migrator leaves: an index of this name and two keys.
async fn redis_om(cache: &Cache) -> String {
    let name = format!("{}:user:index", global(cache));
    let prefix = format!("{}:user:", global(cache));
    let fields = ["$.name", "AS", "name", "TAG", "SEPARATOR", "|", "$.age", "AS", "age", "NUMERIC"];
    create(cache, &name, "JSON", &prefix, &fields).await;
    for (key, value) in [("hash", SHA1), ("schema", "ON JSON …")] {
        cache.command(Command::new("SET").key(format!("{name}:{key}")).arg(value)).await.unwrap();
    }
    name
}

async fn keys(cache: &Cache, pattern: &str) -> usize {
    cache_tests::keys::keys(cache, pattern).await.len()
}

async fn the_index_of_redis_om_is_named_and_retired_on_request(cache: Cache) {
    save(&cache, 40).await;
    let theirs = redis_om(&cache).await;
    let migration = new().run(&cache).await.unwrap();
    let notices: Vec<_> = migration.notices().map(|(_, notice)| notice.clone()).collect();
    assert_eq!(notices, [Notice::RedisOm { index: theirs.clone() }]);
    assert_eq!(indexes(&cache).await.len(), 2);

    let migration = new().retire_redis_om().run(&cache).await.unwrap();
    assert_eq!(migration.indexes()[0].dropped, [theirs.as_str()]);
    assert_eq!(indexes(&cache).await, [index::<New>(&cache)]);
    assert_eq!(keys(&cache, &format!("{theirs}:*")).await, 0);
    assert_eq!(New::count_all(&cache).await.unwrap(), 40, "documents stay");
    assert_eq!(New::find().count(&cache).await.unwrap(), 40);
    assert_eq!(new().retire_redis_om().plan(&cache).await.unwrap()[0].steps, []);
}

async fn the_index_of_redis_om_stays_while_ours_lacks_documents_of_it(cache: Cache) {
    save(&cache, 5).await;
    // Without a `name`, theirs takes it, and so does ours; with a number there, neither. What differs is a folded tag.
    let theirs = format!("{}:user:index", global(&cache));
    let prefix = format!("{}:user:", global(&cache));
    create(&cache, &theirs, "JSON", &prefix, &["$.name", "AS", "name", "TAG"]).await;
    let bad = write(&cache, 9, r#"{"id":9,"name":"n","age":"old"}"#).await;
    let error = new().retire_redis_om().run(&cache).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::Verify { against: Some(against), keys, .. } if *against == theirs && *keys == [bad.clone()]),
        "{error}"
    );
    assert!(indexes(&cache).await.contains(&theirs));
    assert_eq!(target(&cache, &alias(&cache)).await, None);
}

async fn the_index_of_redis_om_is_compared_also_where_ours_was_there_before(cache: Cache) {
    save(&cache, 5).await;
    new().run(&cache).await.unwrap();
    let theirs = redis_om(&cache).await;
    // Theirs takes whatever an age is, ours does not.
    let prefix = format!("{}:user:", global(&cache));
    cache.command(Command::new("FT.DROPINDEX").arg(&theirs)).await.unwrap();
    create(&cache, &theirs, "JSON", &prefix, &["$.name", "AS", "name", "TAG", "SEPARATOR", "|"]).await;
    let bad = write(&cache, 9, r#"{"id":9,"name":"n","age":"old"}"#).await;
    let error = new().retire_redis_om().run(&cache).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::Verify { against: Some(against), keys, missing: 1, .. } if *against == theirs && *keys == [bad.clone()]),
        "{error}"
    );
    assert_eq!((indexes(&cache).await.len(), keys(&cache, &format!("{theirs}:*")).await), (2, 2));

    write(&cache, 9, r#"{"id":9,"name":"n","age":9}"#).await;
    let migration = new().retire_redis_om().run(&cache).await.unwrap();
    assert_eq!(migration.indexes()[0].dropped, [theirs.as_str()]);
    assert_eq!(indexes(&cache).await, [index::<New>(&cache)]);
}

async fn an_index_of_redis_om_is_known_by_what_it_is(cache: Cache) {
    save(&cache, 5).await;
    let (global, prefix) = (global(&cache), format!("{}:user:", global(&cache)));
    let (own, plain, default) =
        (format!("{global}-people"), format!("{global}-search"), format!("{global}:user:index"));
    let fields = ["$.name", "AS", "name", "TAG", "SEPARATOR", "|"];
    for name in [&own, &plain] {
        create(&cache, name, "JSON", &prefix, &fields).await;
    }
    // The name that redis-om gives by default, and documents of all models.
    create(&cache, &default, "JSON", &format!("{global}:"), &fields).await;
    for (key, value) in [("hash", SHA1), ("schema", "ON JSON …")] {
        cache.command(Command::new("SET").key(format!("{own}:{key}")).arg(value)).await.unwrap();
    }
    cache.command(Command::new("SET").key(format!("{plain}:hash")).arg("mine")).await.unwrap();

    let migration = new().run(&cache).await.unwrap();
    let notices: Vec<_> = migration.notices().map(|(_, notice)| notice.clone()).collect();
    let foreign = |index: &String, prefix: &str| Notice::Foreign {
        index: index.clone(),
        prefixes: vec![prefix.to_owned()],
    };
    let of_all = foreign(&default, &format!("{global}:"));
    assert_eq!(notices, [Notice::RedisOm { index: own.clone() }, foreign(&plain, &prefix), of_all]);

    let migration = new().retire_redis_om().run(&cache).await.unwrap();
    assert_eq!(migration.indexes()[0].dropped, [own.as_str()]);
    let mut left = [plain.clone(), default, index::<New>(&cache)];
    left.sort();
    assert_eq!(indexes(&cache).await, left);
    assert_eq!((keys(&cache, &format!("{own}:*")).await, keys(&cache, &format!("{plain}:*")).await), (0, 1));
}

async fn what_a_flush_left_of_redis_om_goes(cache: Cache) {
    save(&cache, 5).await;
    let theirs = redis_om(&cache).await;
    cache.command(Command::new("FT.DROPINDEX").arg(&theirs)).await.unwrap();
    new().run(&cache).await.unwrap();
    assert_eq!(keys(&cache, &format!("{theirs}:*")).await, 2, "nobody asked for it");

    // A document may have the key of theirs.
    let schema = format!("{theirs}:schema");
    cache.command(Command::new("DEL").key(&schema)).await.unwrap();
    cache.command(Command::new("JSON.SET").key(&schema).arg("$").arg(r#"{"id":1,"age":1}"#)).await.unwrap();
    let plan = new().retire_redis_om().plan(&cache).await.unwrap().remove(0);
    let keys_left = vec![format!("{theirs}:hash")];
    assert_eq!(plan.steps, [Step::Retire { index: theirs.clone(), keys: keys_left }]);
    let migration = new().retire_redis_om().run(&cache).await.unwrap();
    assert_eq!(migration.indexes()[0].dropped, [""; 0], "there was no index");
    assert_eq!(cache_tests::keys::keys(&cache, &format!("{theirs}:*")).await, [schema]);
    assert_eq!(new().retire_redis_om().plan(&cache).await.unwrap()[0].steps, []);
}

async fn nothing_is_left_to_do_after_a_run(cache: Cache) {
    save(&cache, 100).await;
    redis_om(&cache).await;
    for strategy in [Strategy::Rebuild, Strategy::InPlaceAdditive] {
        let of = |migrator: Migrator| migrator.strategy(strategy).retire_redis_om();
        for migrator in
            [of(Migrator::new().register::<Old>()), of(new()), of(Migrator::new().register::<Old>())]
        {
            let before = migrator.plan(&cache).await.unwrap();
            migrator.run(&cache).await.unwrap();
            let after = migrator.plan(&cache).await.unwrap();
            assert_eq!(after[0].steps, [], "{}", before[0]);
            assert!(after[0].differences.is_empty());
        }
    }
    let first_steps = new().plan(&cache).await.unwrap();
    assert!(first_steps[0].steps.iter().all(|step| !matches!(step, Step::Create { .. })));
}

live! {
    the_index_of_redis_om_is_named_and_retired_on_request,
    the_index_of_redis_om_stays_while_ours_lacks_documents_of_it,
    the_index_of_redis_om_is_compared_also_where_ours_was_there_before,
    an_index_of_redis_om_is_known_by_what_it_is,
    what_a_flush_left_of_redis_om_goes,
    nothing_is_left_to_do_after_a_run,
}
