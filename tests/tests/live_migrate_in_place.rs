//! Fields that are added to an index in place, and what makes that impossible.

use std::sync::atomic::{AtomicBool, Ordering};

use cache_core::{
    Cache, CacheModel, Command, Error, IndexSchema, Indexed, MigrateError, Migrator, Notice, Shortfall, Step,
    Strategy,
};
use cache_tests::releases::{
    alias, changed, first, global, index, indexes, lock, save, second, target, third, write,
};
use cache_tests::{elsewhere, live};

type Old = first::User;
type New = second::User;

fn in_place<M: IndexSchema>() -> Migrator {
    let lock = lock(&[Old::schema(), New::schema(), third::User::schema()]);
    Migrator::new().register::<M>().strategy(Strategy::InPlaceAdditive).lock(&lock)
}

async fn fields_are_added_to_the_index_that_is_there(cache: Cache) {
    save(&cache, 300).await;
    in_place::<Old>().run(&cache).await.unwrap();
    let plan = in_place::<New>().plan(&cache).await.unwrap().remove(0);
    assert!(
        matches!(&plan.steps[0], Step::AlterAdd { index: there, fields } if *there == index::<Old>(&cache) && fields.len() == 1)
    );
    let migration = in_place::<New>().run(&cache).await.unwrap();
    let migrated = &migration.indexes()[0];
    assert_eq!((&migrated.name, migrated.created, migrated.active), (&index::<New>(&cache), false, true));
    assert_eq!(migrated.documents, 300);
    assert_eq!(indexes(&cache).await, [index::<Old>(&cache)]);
    assert_eq!(target(&cache, &index::<New>(&cache)).await, Some(index::<Old>(&cache)));
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)));

    // Both releases query by their own name.
    assert_eq!(New::find_by_age(7).one(&cache).await.unwrap().name, "n7");
    assert_eq!(Old::find_by_name("n7").count(&cache).await.unwrap(), 30);
    assert_eq!(in_place::<New>().plan(&cache).await.unwrap()[0].steps, []);

    // The old one boots again and takes what it finds.
    let migration = in_place::<Old>().run(&cache).await.unwrap();
    let notices: Vec<_> = migration.notices().map(|(_, notice)| notice.clone()).collect();
    assert_eq!(notices, [Notice::Extended { index: index::<Old>(&cache), fields: 1 }]);
    assert_eq!(Old::find_by_name("n7").count(&cache).await.unwrap(), 30);

    // And the one after the next adds to the same.
    in_place::<third::User>().run(&cache).await.unwrap();
    assert_eq!(indexes(&cache).await, [index::<Old>(&cache)]);
    assert_eq!(third::User::find_by_id(7).one(&cache).await.unwrap().age, 7);
    for plan in [in_place::<Old>(), in_place::<New>(), in_place::<third::User>()] {
        assert_eq!(plan.plan(&cache).await.unwrap()[0].steps, []);
    }
}

async fn replicas_may_add_them_at_once(cache: Cache) {
    save(&cache, 500).await;
    in_place::<Old>().run(&cache).await.unwrap();
    let boots: Vec<_> = (0..8)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { in_place::<New>().run(&cache).await.map(drop) })
        })
        .collect();
    for boot in boots {
        boot.await.unwrap().unwrap();
    }
    assert_eq!(indexes(&cache).await, [index::<Old>(&cache)]);
    assert_eq!(New::find().count(&cache).await.unwrap(), 500);
    assert_eq!(New::find_by_age(400..).count(&cache).await.unwrap(), 100);
}

async fn what_was_begun_is_gone_on_with(cache: Cache) {
    save(&cache, 20).await;
    in_place::<Old>().run(&cache).await.unwrap();
    let (old, key) = (index::<Old>(&cache), format!("{}:~user:extending", global(&cache)));
    let fingerprint = New::schema().fingerprint().to_string();
    let set = Command::new("HSET").key(&key).arg(&fingerprint).arg(format!("0 {old}"));
    cache.command(set).await.unwrap();
    cache.command(New::schema().alter_index(&old, |name| name == "age")).await.unwrap();
    in_place::<New>().run(&cache).await.unwrap();
    assert_eq!(indexes(&cache).await, [old]);
    assert_eq!(New::find_by_age(7).count(&cache).await.unwrap(), 1);
    let left = cache.command(Command::new("EXISTS").key(&key)).await.unwrap();
    assert_eq!(left.as_int(), Some(0), "nothing is left of it");
}

async fn documents_that_new_fields_would_cost_stop_it(cache: Cache) {
    save(&cache, 20).await;
    // One that the old index lacks already does not count.
    write(&cache, 100, r#"{"id":100,"name":17,"age":1}"#).await;
    in_place::<Old>().run(&cache).await.unwrap();
    let bad = write(&cache, 101, r#"{"id":101,"name":"n1","age":"old"}"#).await;
    assert_eq!(Old::find_by_name("n1").allow_partial().count(&cache).await.unwrap(), 3);
    let error = in_place::<New>().run(&cache).await.unwrap_err();
    match &error {
        MigrateError::Verify { model: "User", index: there, against: None, missing: 1, keys } => {
            assert_eq!(*there, index::<Old>(&cache));
            assert!(keys.contains(&bad), "{keys:?}");
        }
        other => panic!("{other}"),
    }
    assert_eq!(target(&cache, &index::<New>(&cache)).await, None);
    // Mended, or allowed, it goes on.
    assert!(in_place::<New>().allow_failures(1).run(&cache).await.is_ok());
}

/// Asks a release for all documents, again and again until the other one has run: answers are whole, or say that they are not. Once it has run
/// they do.
async fn never_short<M: CacheModel + Indexed>(cache: &Cache, all: u64, has_run: &AtomicBool) -> u64 {
    let mut whole = 0;
    loop {
        let is_behind = has_run.load(Ordering::SeqCst);
        match M::find().count(cache).await {
            Ok(found) => {
                assert!(found == all && !is_behind, "{found} of {all}, {whole} answers before it");
                whole += 1;
            }
            Err(Error::Incomplete { completeness, .. }) => {
                assert_eq!(completeness.shortfalls(), [Shortfall::FailedDocuments(1)]);
            }
            Err(error) => panic!("{error}"),
        }
        if is_behind {
            return whole;
        }
    }
}

async fn what_it_costs_other_releases_is_told_by_them_at_once(cache: Cache) {
    costs_are_told(cache).await;
}

/// Nor need it be heard that the index is made.
async fn it_is_told_where_something_else_is_in_the_place_of_a_number(cache: Cache) {
    for fingerprint in [Old::schema().fingerprint(), New::schema().fingerprint()] {
        let made = format!("{}:~user:made:{fingerprint}", global(&cache));
        cache.command(Command::new("SET").key(made).arg("text")).await.unwrap();
    }
    // The first run made the index, and says that the key is taken.
    let taken = in_place::<Old>().run(&cache).await.unwrap_err();
    assert!(matches!(taken, MigrateError::KeyTaken { .. }), "{taken}");
    costs_are_told(cache).await;
}

async fn costs_are_told(cache: Cache) {
    save(&cache, 5_000).await;
    // The fields of the second release fit it, that of the third does not.
    write(&cache, 5_000, r#"{"id":"none","name":"n1","age":1}"#).await;
    in_place::<Old>().run(&cache).await.unwrap();
    in_place::<New>().run(&cache).await.unwrap();
    let (old, new) = (elsewhere(&cache).await, elsewhere(&cache).await);
    in_place::<Old>().run(&old).await.unwrap();
    in_place::<New>().run(&new).await.unwrap();
    assert_eq!(Old::find().count(&old).await.unwrap(), 5_001);
    assert_eq!(New::find().count(&new).await.unwrap(), 5_001);
    let has_run = AtomicBool::new(false);
    let run = async {
        let error = in_place::<third::User>().run(&cache).await.unwrap_err();
        assert!(matches!(error, MigrateError::Verify { missing: 1, .. }), "{error}");
        has_run.store(true, Ordering::SeqCst);
    };
    let asked = tokio::join!(
        run,
        never_short::<Old>(&old, 5_001, &has_run),
        never_short::<New>(&new, 5_001, &has_run)
    );
    assert!(asked.1 > 0 && asked.2 > 0, "nobody was answered");
    assert_eq!(Old::find().allow_partial().count(&old).await.unwrap(), 5_000);
}

async fn mended_documents_let_it_go_on(cache: Cache) {
    in_place::<Old>().run(&cache).await.unwrap();
    write(&cache, 1, r#"{"id":1,"name":"n1","age":"old"}"#).await;
    in_place::<New>().run(&cache).await.unwrap_err();
    write(&cache, 1, r#"{"id":1,"name":"n1","age":5}"#).await;
    let migration = in_place::<New>().run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].missing), (1, 0));
    assert_eq!(New::find_by_age(5).count(&cache).await.unwrap(), 1);
}

async fn other_changes_get_an_index_of_their_own(cache: Cache) {
    save(&cache, 20).await;
    in_place::<Old>().run(&cache).await.unwrap();
    let migrator = Migrator::new().register::<changed::User>().strategy(Strategy::InPlaceAdditive);
    let migration = migrator.run(&cache).await.unwrap();
    assert!(migration.indexes()[0].created);
    let reasons = migration.notices().filter(|(_, notice)| matches!(notice, Notice::NotInPlace { .. }));
    assert_eq!(reasons.count(), 1);
    assert_eq!(indexes(&cache).await.len(), 2);
}

async fn each_release_heals_by_a_run_of_its_own(cache: Cache) {
    save(&cache, 20).await;
    in_place::<Old>().run(&cache).await.unwrap();
    in_place::<New>().run(&cache).await.unwrap();
    // With the index its names go, as when the server loses all its indexes.
    cache.command(Command::new("FT.DROPINDEX").arg(index::<Old>(&cache))).await.unwrap();
    assert_eq!(target(&cache, &index::<New>(&cache)).await, None);
    in_place::<New>().run(&cache).await.unwrap();
    in_place::<Old>().run(&cache).await.unwrap();
    assert_eq!(New::find_by_age(7).count(&cache).await.unwrap(), 1);
    assert_eq!(Old::find_by_name("n7").count(&cache).await.unwrap(), 2);
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<New>(&cache)));
}

live! {
    fields_are_added_to_the_index_that_is_there,
    replicas_may_add_them_at_once,
    what_was_begun_is_gone_on_with,
    documents_that_new_fields_would_cost_stop_it,
    what_it_costs_other_releases_is_told_by_them_at_once,
    it_is_told_where_something_else_is_in_the_place_of_a_number,
    mended_documents_let_it_go_on,
    other_changes_get_an_index_of_their_own,
    each_release_heals_by_a_run_of_its_own,
}
