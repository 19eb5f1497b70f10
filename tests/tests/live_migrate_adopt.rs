//! Indexes that are there already: adopted, refused, named.

use std::sync::Arc;
use std::time::Duration;

use cache_core::{
    Cache, CacheModel, Command, Error, IndexPolicy, IndexSchema, MigrateError, Migrator, Notice, Ready,
    Shortfall,
};
use cache_tests::live;
use cache_tests::releases::{alias, create, global, index, indexes, save, second, target};

type New = second::User;

fn new() -> Migrator {
    Migrator::new().register::<New>()
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

/// Longer than any of it takes.
const LONG: IndexPolicy = IndexPolicy::WaitUpTo(Duration::from_secs(60));

/// Whether answers say that the index is another one, and what readiness does.
async fn drifted(cache: &Cache) -> (bool, Ready) {
    let drifted = match New::find().while_indexing(LONG).count(cache).await {
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

live! {
    an_index_of_an_earlier_version_of_the_crate_is_adopted,
    an_index_of_our_name_that_is_another_is_refused_with_what_differs,
    an_index_that_somebody_else_made_anew_is_noticed,
    a_name_that_is_an_alias_of_another_index_is_taken_from_it,
    indexes_of_others_over_the_same_documents_are_named,
    two_models_of_one_name_are_refused,
}
