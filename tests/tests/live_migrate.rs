//! The migrator on a real server: indexes made, filled, aliased, and left alone.

use cache_core::{
    Cache, CacheEmbedded, CacheModel, Command, Error, IndexSchema, MigrateError, Migrator, Shortfall, Step,
};
use cache_tests::live;
use serde::{Deserialize, Serialize};

mod first {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub(crate) struct User {
        #[primary_key]
        pub(crate) id: u32,
        #[index]
        pub(crate) name: String,
        pub(crate) age: u32,
    }
}

mod second {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub(crate) struct User {
        #[primary_key]
        pub(crate) id: u32,
        #[index]
        pub(crate) name: String,
        #[index(sortable)]
        pub(crate) age: u32,
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Order {
    #[primary_key]
    id: u32,
    #[index]
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user:session")]
struct Session {
    #[primary_key]
    id: u32,
}

async fn indexes(cache: &Cache) -> Vec<String> {
    let reply = cache.command(Command::new("FT._LIST")).await.unwrap();
    let prefix = cache.keyspace().unwrap().global().to_owned();
    let names = reply.into_items().unwrap();
    names
        .iter()
        .filter_map(|name| name.as_str())
        .filter(|name| name.starts_with(&prefix))
        .map(str::to_owned)
        .collect()
}

async fn what_is_there_is_in_the_index_when_run_returns(cache: Cache) {
    for id in 0..2_000 {
        let _ = first::User { id, name: format!("n{}", id % 10), age: id }.save(&cache).await.unwrap();
    }
    let migration = Migrator::new().register::<first::User>().run(&cache).await.unwrap();
    let index = &migration.indexes()[0];
    assert_eq!((index.model, index.created, index.documents, index.missing), ("User", true, 2_000, 0));
    assert_eq!(index.name, first::User::schema().index_name(cache.keyspace().unwrap()));
    assert_eq!(first::User::find_by_name("n3").count(&cache).await.unwrap(), 200);
}

async fn a_second_run_changes_nothing(cache: Cache) {
    let migrator = Migrator::new().register::<Order>();
    let plans = migrator.plan(&cache).await.unwrap();
    let index = plans[0].index.clone();
    let cutover = Step::Cutover { from: None, to: index.clone() };
    assert_eq!(plans[0].steps, [Step::Create { index }, Step::Wait, Step::VerifyAll, cutover]);
    assert_eq!(indexes(&cache).await, [""; 0], "a plan only reads");
    assert!(migrator.run(&cache).await.unwrap().indexes()[0].created);
    assert_eq!(migrator.plan(&cache).await.unwrap()[0].steps, []);
    assert!(!migrator.run(&cache).await.unwrap().indexes()[0].created);
    assert_eq!(indexes(&cache).await.len(), 1);
}

async fn each_schema_has_its_own_index_and_keeps_it(cache: Cache) {
    let old = Migrator::new().register::<first::User>();
    let new = Migrator::new().register::<second::User>();
    old.run(&cache).await.unwrap();
    let _ = first::User { id: 1, name: "ann".to_owned(), age: 30 }.save(&cache).await.unwrap();
    new.run(&cache).await.unwrap();
    // Both binaries find the same document, each in its own index, whoever boots last.
    old.run(&cache).await.unwrap();
    assert_eq!(indexes(&cache).await.len(), 2);
    assert_eq!(first::User::find_by_name("ann").one(&cache).await.unwrap().age, 30);
    assert_eq!(second::User::find_by_age(30).one(&cache).await.unwrap().name, "ann");
}

async fn the_alias_answers_for_the_index_that_was_made_last(cache: Cache) {
    let alias = second::User::schema().alias(cache.keyspace().unwrap());
    let target = async || {
        let reply = cache.command(Command::new("FT.INFO").arg(&alias)).await.unwrap();
        let (_, name) = reply
            .into_pairs()
            .unwrap()
            .into_iter()
            .find(|(key, _)| key.as_str() == Some("index_name"))
            .unwrap();
        name.as_str().unwrap().to_owned()
    };
    Migrator::new().register::<first::User>().run(&cache).await.unwrap();
    assert_eq!(target().await, first::User::schema().index_name(cache.keyspace().unwrap()));
    Migrator::new().register::<second::User>().run(&cache).await.unwrap();
    assert_eq!(target().await, second::User::schema().index_name(cache.keyspace().unwrap()));
}

async fn replicas_may_boot_at_once(cache: Cache) {
    let boots: Vec<_> = (0..8)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { Migrator::new().register::<Order>().run(&cache).await.map(drop) })
        })
        .collect();
    for boot in boots {
        boot.await.unwrap().unwrap();
    }
    assert_eq!(indexes(&cache).await.len(), 1);
}

async fn overlapping_prefixes_are_refused_before_anything_is_written(cache: Cache) {
    let error =
        Migrator::new().register::<first::User>().register::<Session>().run(&cache).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`User` has the prefix `user` and `Session` the prefix `user:session`: documents of one would be taken for \
         documents of the other; give one of them another `#[cache(prefix = \"…\")]`"
    );
    let error =
        Migrator::new().register::<first::User>().register::<second::User>().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::Overlap { .. }), "{error}");
    assert_eq!(indexes(&cache).await, [""; 0]);
    // Once more the same model is no other model.
    Migrator::new().register::<Order>().register::<Order>().run(&cache).await.unwrap();
}

#[derive(Debug, Serialize, Deserialize, CacheEmbedded)]
struct Address {
    #[index]
    city: String,
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct Twice {
    #[primary_key]
    id: u32,
    #[embedded]
    address: Address,
    #[index]
    address_city: String,
}

async fn one_name_for_two_fields_is_refused(cache: Cache) {
    let error = Migrator::new().register::<Twice>().run(&cache).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::SameName { model: "Twice", name } if name == "address_city"),
        "{error}"
    );
    assert_eq!(indexes(&cache).await, [""; 0]);
}

async fn models_and_namespaces_never_see_each_others_documents(cache: Cache) {
    let project = cache.project_name().unwrap().unwrap().to_owned();
    let other = cache.clone().project(&format!("{project}-other"));
    for cache in [&cache, &other] {
        Migrator::new().register::<Order>().register::<first::User>().run(cache).await.unwrap();
    }
    let _ = Order { id: 1, name: "same".to_owned() }.save(&cache).await.unwrap();
    let _ = first::User { id: 1, name: "same".to_owned(), age: 1 }.save(&cache).await.unwrap();
    let _ = first::User { id: 2, name: "same".to_owned(), age: 2 }.save(&other).await.unwrap();
    assert_eq!(Order::find_by_name("same").count(&cache).await.unwrap(), 1);
    assert_eq!(first::User::find_by_name("same").one(&cache).await.unwrap().id, 1);
    assert_eq!(first::User::find_by_name("same").one(&other).await.unwrap().id, 2);
    assert_eq!(Order::find().count(&other).await.unwrap(), 0);
    assert_eq!(Order::get(&other, 1).await.unwrap(), None);
}

async fn an_index_of_the_aliass_name_is_left_alone(cache: Cache) {
    let alias = Order::schema().alias(cache.keyspace().unwrap());
    let create = Command::new("FT.CREATE").arg(&alias).args_from(["ON", "JSON", "PREFIX", "1", "nothing:"]);
    cache.command(create.args_from(["SCHEMA", "$.a", "AS", "a", "TAG"])).await.unwrap();
    let error = Migrator::new().register::<Order>().run(&cache).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::AliasTaken { model: "Order", alias: found } if *found == alias),
        "{error}"
    );
    assert_eq!(indexes(&cache).await, [alias]);
}

async fn documents_that_the_index_cannot_take_make_answers_incomplete(cache: Cache) {
    let key = format!("{}:order:9", cache.keyspace().unwrap().global());
    let set = Command::new("JSON.SET").key(&key).arg("$").arg(r#"{"id":9,"name":17}"#);
    cache.command(set).await.unwrap();
    let _ = Order { id: 1, name: "good".to_owned() }.save(&cache).await.unwrap();
    let migration = Migrator::new().register::<Order>().run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].missing), (1, 1));
    assert_eq!(migration.indexes()[0].last_failure.as_deref(), Some(key.as_str()));

    let error = Order::find().all(&cache).await.unwrap_err();
    match &error {
        Error::Incomplete { completeness, .. } => {
            assert_eq!(completeness.shortfalls(), [Shortfall::FailedDocuments(1)]);
        }
        other => panic!("{other}"),
    }
    assert_eq!(Order::find().allow_partial().all(&cache).await.unwrap().len(), 1);

    // The server's counter never goes down; the documents themselves are what counts.
    assert!(Order::delete_by_id(&cache, 9).await.unwrap());
    let migration = Migrator::new().register::<Order>().run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].missing, &migration.indexes()[0].last_failure), (0, &None));
    assert_eq!(Order::find().all(&cache).await.unwrap().len(), 1);
}

async fn a_query_before_the_migrator_says_what_to_do(cache: Cache) {
    let error = Order::find().all(&cache).await.unwrap_err();
    assert!(error.is_unknown_index());
    assert!(
        error.to_string().contains("run `Migrator::new().register::<Order>().run(&cache)` at boot"),
        "{error}"
    );
}

async fn a_model_without_an_index_is_no_business_of_the_migrator(cache: Cache) {
    let migration = Migrator::new().register::<Session>().run(&cache).await.unwrap();
    assert_eq!(migration.indexes(), []);
    assert_eq!(indexes(&cache).await, [""; 0]);
}

live! {
    what_is_there_is_in_the_index_when_run_returns,
    a_second_run_changes_nothing,
    each_schema_has_its_own_index_and_keeps_it,
    the_alias_answers_for_the_index_that_was_made_last,
    replicas_may_boot_at_once,
    overlapping_prefixes_are_refused_before_anything_is_written,
    one_name_for_two_fields_is_refused,
    models_and_namespaces_never_see_each_others_documents,
    an_index_of_the_aliass_name_is_left_alone,
    documents_that_the_index_cannot_take_make_answers_incomplete,
    a_query_before_the_migrator_says_what_to_do,
    a_model_without_an_index_is_no_business_of_the_migrator,
}
