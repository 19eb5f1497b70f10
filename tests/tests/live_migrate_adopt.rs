//! Indexes that are there already: adopted, retired, refused, named.

use std::sync::Arc;

use cache_core::{
    Cache, CacheModel, Command, Error, IndexSchema, MigrateError, Migrator, Notice, Ready, Shortfall, Step,
    Strategy,
};
use cache_tests::live;
use cache_tests::releases::{alias, first, global, index, indexes, save, second, target, write};

type Old = first::User;
type New = second::User;

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

/// Creates an index under a name of the test's choice.
async fn create(cache: &Cache, name: &str, key_type: &str, prefix: &str, schema: &[&str]) {
    let create = Command::new("FT.CREATE").args_from([name, "ON", key_type, "PREFIX", "1", prefix, "SCHEMA"]);
    cache.command(create.args_from(schema)).await.unwrap();
}

const AS_OURS: [&str; 11] = [
    "$.name",
    "AS",
    "name",
    "TAG",
    "CASESENSITIVE",
    "INDEXEMPTY",
    "$.age",
    "AS",
    "age",
    "NUMERIC",
    "SORTABLE",
];

async fn an_index_of_an_earlier_version_of_the_crate_is_adopted(cache: Cache) {
    save(&cache, 30).await;
    let earlier = format!("{}:{}", alias(&cache), New::schema().earlier_fingerprints()[0]);
    let prefix = format!("{}:user:", global(&cache));
    create(&cache, &earlier, "JSON", &prefix, &AS_OURS).await;
    cache.command(Command::new("FT.ALIASADD").arg(alias(&cache)).arg(&earlier)).await.unwrap();

    let migration = new().run(&cache).await.unwrap();
    assert!(!migration.indexes()[0].created && migration.indexes()[0].active);
    assert_eq!(indexes(&cache).await, [earlier.as_str()]);
    assert_eq!(target(&cache, &index::<New>(&cache)).await, Some(earlier.clone()));
    assert_eq!(New::find_by_age(7).count(&cache).await.unwrap(), 1);
    assert_eq!(new().plan(&cache).await.unwrap()[0].steps, []);
}

async fn an_index_of_our_name_that_is_another_is_refused_with_what_differs(cache: Cache) {
    save(&cache, 3).await;
    let (name, prefix) = (index::<New>(&cache), format!("{}:user:", global(&cache)));
    let other =
        ["$.name", "AS", "name", "TAG", "CASESENSITIVE", "INDEXEMPTY", "$.age", "AS", "age", "NUMERIC"];
    create(&cache, &name, "JSON", &prefix, &other).await;
    let error = new().run(&cache).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(&error, MigrateError::Drift { model: "User", index, .. } if *index == name), "{error}");
    assert!(text.contains("~ $.age AS age NUMERIC => $.age AS age NUMERIC SORTABLE"), "{text}");
    assert!(text.contains(&format!("FT.DROPINDEX {name}")), "{text}");
    assert_eq!(indexes(&cache).await, [name.as_str()], "it is never dropped");
    assert_eq!(target(&cache, &alias(&cache)).await, None);
    // A service that goes on all the same is told with every answer.
    assert_eq!(drifted(&cache).await, (true, Ready::No));

    cache.command(Command::new("FT.DROPINDEX").arg(&name)).await.unwrap();
    assert!(new().run(&cache).await.unwrap().indexes()[0].created);
    // The answers of the index before are not believed any more on another handle.
    let cache = Cache::from_connection(Arc::clone(cache.connection())).namespace(&global(&cache));
    assert!(new().run(&cache).await.is_ok());
    assert_eq!(drifted(&cache).await, (false, Ready::Yes));
}

/// Whether answers say that the index is another one, and what readiness does.
async fn drifted(cache: &Cache) -> (bool, Ready) {
    let drifted = match New::find().count(cache).await {
        Ok(_) => false,
        Err(Error::Incomplete { completeness, .. }) => completeness.shortfalls() == [Shortfall::Drift],
        Err(error) => panic!("{error}"),
    };
    (drifted, cache.readiness().overall())
}

async fn an_index_that_somebody_else_made_anew_is_noticed(cache: Cache) {
    save(&cache, 3).await;
    new().run(&cache).await.unwrap();
    let (name, prefix) = (index::<New>(&cache), format!("{}:user:", global(&cache)));
    cache.command(Command::new("FT.DROPINDEX").arg(&name)).await.unwrap();
    create(&cache, &name, "HASH", &prefix, &["name", "TAG"]).await;
    // What is known of an index is looked at again after half a minute, and at once on another handle.
    let cache = Cache::from_connection(Arc::clone(cache.connection())).namespace(&global(&cache));
    assert!(new().run(&cache).await.is_err());
    assert_eq!(drifted(&cache).await, (true, Ready::No));
}

async fn a_name_that_is_an_alias_of_another_index_is_taken_from_it(cache: Cache) {
    let (name, prefix) = (index::<New>(&cache), format!("{}:user:", global(&cache)));
    let hand = format!("{}-by-hand", global(&cache));
    create(&cache, &hand, "JSON", &prefix, &["$.name", "AS", "name", "TEXT"]).await;
    cache.command(Command::new("FT.ALIASADD").arg(&name).arg(&hand)).await.unwrap();
    let text = new().run(&cache).await.unwrap_err().to_string();
    assert!(text.contains(&format!("`FT.ALIASDEL {name}`")) && text.contains(&hand), "{text}");
    assert!(!text.contains("FT.DROPINDEX"), "{text}");
}

async fn who_migrates_by_hand_is_told_what_is_missing(cache: Cache) {
    save(&cache, 3).await;
    let by_hand = || Migrator::new().register::<New>().strategy(Strategy::Manual);
    let error = by_hand().run(&cache).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::Missing { model: "User", index: name } if *name == index::<New>(&cache)),
        "{error}"
    );
    assert_eq!(indexes(&cache).await, [""; 0]);

    cache.command(New::schema().create_index(cache.keyspace().unwrap()).unwrap()).await.unwrap();
    let migration = by_hand().run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].active), (3, false));
    assert_eq!(target(&cache, &alias(&cache)).await, None, "the alias is left to whoever does it by hand");
    assert_eq!(by_hand().plan(&cache).await.unwrap()[0].steps, []);
}

/// What redis-om-python's migrator leaves: an index of this name and two keys.
async fn redis_om(cache: &Cache) -> String {
    let name = format!("{}:user:index", global(cache));
    let prefix = format!("{}:user:", global(cache));
    let fields = ["$.name", "AS", "name", "TAG", "SEPARATOR", "|", "$.age", "AS", "age", "NUMERIC"];
    create(cache, &name, "JSON", &prefix, &fields).await;
    for (key, value) in [("hash", "0123"), ("schema", "ON JSON …")] {
        cache.command(Command::new("SET").key(format!("{name}:{key}")).arg(value)).await.unwrap();
    }
    name
}

async fn keys(cache: &Cache, pattern: &str) -> usize {
    let keys = cache.command(Command::new("KEYS").arg(pattern)).await.unwrap();
    keys.into_items().unwrap().len()
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

async fn indexes_of_others_over_the_same_documents_are_named(cache: Cache) {
    let (global, prefix) = (global(&cache), format!("{}:user:", global(&cache)));
    create(&cache, &format!("{global}-search"), "JSON", &prefix, &["$.name", "AS", "name", "TEXT"]).await;
    create(&cache, &format!("{global}-hashes"), "HASH", &prefix, &["name", "TEXT"]).await;
    create(
        &cache,
        &format!("{global}-others"),
        "JSON",
        &format!("{global}:users:"),
        &["$.a", "AS", "a", "TAG"],
    )
    .await;
    let within = format!("{global}:user:session:idx:0123456789ab");
    create(&cache, &within, "JSON", &format!("{prefix}session:"), &["$.a", "AS", "a", "TAG"]).await;
    let migration = new().run(&cache).await.unwrap();
    let notices: Vec<_> = migration.notices().map(|(_, notice)| notice.clone()).collect();
    assert_eq!(
        notices,
        [
            Notice::Foreign { index: format!("{global}-search"), prefixes: vec![prefix.clone()] },
            Notice::Overlap { index: within, prefixes: vec![format!("{prefix}session:")] },
        ]
    );
}

mod other {
    use serde::{Deserialize, Serialize};

    use cache_core::CacheModel;

    /// Another model of the same name.
    #[derive(Debug, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "person")]
    pub(crate) struct User {
        #[primary_key]
        id: u32,
        #[index]
        name: String,
    }
}

async fn two_models_of_one_name_are_refused(cache: Cache) {
    let error = new().register::<other::User>().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::SameModelName { model: "User", .. }), "{error}");
    assert_eq!(indexes(&cache).await, [""; 0]);
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
    an_index_of_an_earlier_version_of_the_crate_is_adopted,
    an_index_of_our_name_that_is_another_is_refused_with_what_differs,
    who_migrates_by_hand_is_told_what_is_missing,
    the_index_of_redis_om_is_named_and_retired_on_request,
    the_index_of_redis_om_stays_while_ours_lacks_documents_of_it,
    an_index_that_somebody_else_made_anew_is_noticed,
    a_name_that_is_an_alias_of_another_index_is_taken_from_it,
    indexes_of_others_over_the_same_documents_are_named,
    two_models_of_one_name_are_refused,
    nothing_is_left_to_do_after_a_run,
}
