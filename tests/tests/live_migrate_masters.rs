//! The migrator on three masters of a cluster, of which some lose an index, or do not hear of a change. `cache_tests::coordinator`
//! says what stands for the cluster and its search modules' coordinator, which no test has.

#![cfg(unix)]

use std::collections::HashMap;
use std::time::Duration;

use cache_core::{
    Cache, CacheModel, Command, Error, Gate, IndexSchema, MigrateError, Migrator, Notice, Reply, Route,
    Schema, Step, Strategy, Terms,
};
use cache_tests::cluster::until;
use cache_tests::lab::{DOCUMENTS, Lab, MASTERS};
use cache_tests::releases::{alias, first, global, index, lock, save, second, used_before};
use serde::{Deserialize, Serialize};

type Old = first::User;
type New = second::User;

const DAY: u64 = 24 * 60 * 60 * 1_000;

fn release(schema: &'static Schema) -> Migrator {
    Migrator::new().register_schema(schema).lock(&lock(&[Old::schema(), New::schema()]))
}

fn in_place(schema: &'static Schema) -> Migrator {
    release(schema).strategy(Strategy::InPlaceAdditive)
}

fn disagrees_on(notices: &[Notice], about: &str) -> bool {
    let says = |one: &Notice| matches!(one, Notice::Disagreement { name, found } if name == about && found.len() == MASTERS);
    notices.iter().any(says)
}

async fn what_a_master_lost_is_made_again(lab: Lab) {
    let (cache, migrator) = (&lab.cache, release(New::schema()));
    let (own, alias) = (index::<New>(cache), alias(cache));
    let _ = migrator.run(cache).await.unwrap();
    assert!(lab.all_say(&own, &own).await && lab.all_say(&alias, &own).await);
    assert_eq!(lab.count().await, DOCUMENTS);
    assert_eq!(migrator.plan(cache).await.unwrap()[0].steps, []);

    for master in 0..MASTERS {
        lab.lose(master, &own).await;
        let seen = migrator.inspect(cache).await.unwrap().remove(0);
        assert_eq!(seen.disagreements.len(), 2);
        let lack = seen.disagreements[0].found.iter().filter(|found| found.is_none());
        assert_eq!((seen.disagreements[0].name.as_str(), lack.count()), (own.as_str(), 1));
        let plan = migrator.plan(cache).await.unwrap().remove(0);
        assert!(plan.steps.contains(&Step::Create { index: own.clone() }), "{plan}");
        assert!(disagrees_on(&plan.notices, &own) && disagrees_on(&plan.notices, &alias), "{plan}");
        let done = migrator.run(cache).await.unwrap();
        assert!(disagrees_on(&done.indexes()[0].notices, &own), "{done}");
        assert!(lab.all_say(&own, &own).await && lab.all_say(&alias, &own).await);
        assert_eq!(lab.count().await, DOCUMENTS);
        assert_eq!(migrator.plan(cache).await.unwrap()[0].steps, []);
    }
}

async fn a_master_that_does_not_hear_is_told_again(lab: Lab) {
    let (cache, migrator) = (&lab.cache, release(New::schema()));
    let (own, alias) = (index::<New>(cache), alias(cache));
    // It hears of the index with the third try, and of the alias with the second.
    lab.coordinator.deafen(2, 2);
    let _ = migrator.run(cache).await.unwrap();
    assert!(lab.all_say(&own, &own).await && lab.all_say(&alias, &own).await);
    lab.coordinator.deafen(1, u32::MAX);
    lab.lose(1, &own).await;
    let error = migrator.run(cache).await.unwrap_err();
    let MigrateError::Disagreement { name, source: Some(source), .. } = error else { panic!("{error}") };
    assert!(name == own && matches!(*source, Error::Timeout { .. }), "{name}: {source}");
    // The next run goes on.
    lab.coordinator.deafen(1, 0);
    let _ = migrator.run(cache).await.unwrap();
    assert!(lab.all_say(&own, &own).await && lab.all_say(&alias, &own).await);
}

async fn fields_are_added_everywhere(lab: Lab) {
    let cache = &lab.cache;
    let (base, own) = (index::<Old>(cache), index::<New>(cache));
    let _ = release(Old::schema()).run(cache).await.unwrap();
    // One has the field, as if whoever added it was killed; another one hears of it with the 26th try, which is more than
    // there are plans in a run.
    let alter = ["FT.ALTER", &base, "SCHEMA", "ADD", "$.age", "AS", "age", "NUMERIC", "SORTABLE"];
    let _ = lab.coordinator.say(0, &alter).await.unwrap();
    lab.coordinator.deafen(1, 25);
    let _ = in_place(New::schema()).run(cache).await.unwrap();
    for master in 0..MASTERS {
        let info = lab.coordinator.say(master, &["FT.INFO", &base]).await.unwrap();
        assert!(format!("{info:?}").contains("age"), "master {master}");
    }
    assert!(lab.all_say(&own, &base).await);
    assert_eq!(New::find().filter(New::AGE.ge(10)).count(cache).await.unwrap(), DOCUMENTS - 10);

    // A master loses it all: under the name of the new release, which is another one's, it is made again.
    lab.lose(2, &base).await;
    let plan = in_place(New::schema()).plan(cache).await.unwrap().remove(0);
    assert!(plan.steps.contains(&Step::Create { index: base.clone() }), "{plan}");
    let _ = in_place(New::schema()).run(cache).await.unwrap();
    assert!(lab.all_say(&own, &base).await && lab.all_say(&alias(cache), &base).await);
    assert_eq!(New::find().filter(New::AGE.ge(10)).count(cache).await.unwrap(), DOCUMENTS - 10);
    assert_eq!(in_place(New::schema()).plan(cache).await.unwrap()[0].steps, []);
}

async fn an_old_index_is_dropped_everywhere(lab: Lab) {
    let (base, own) = (index::<Old>(&lab.cache), index::<New>(&lab.cache));
    let (_, old) = lab.other().await;
    let _ = release(Old::schema()).run(&old).await.unwrap();
    drop(old);
    let keeps = release(New::schema()).keep_old_indexes();
    let _ = keeps.run(&lab.cache).await.unwrap();
    used_before(&lab.cache, Old::schema().fingerprint(), 2 * DAY).await;
    lab.coordinator.deafen(0, 1);
    let dropped = release(New::schema()).collect(&lab.cache).await.unwrap();
    assert_eq!(dropped, [base.as_str()]);
    assert_eq!(lab.said(&base).await, [None, None, None]);
    assert!(lab.all_say(&own, &own).await);
    assert_eq!(lab.count().await, DOCUMENTS);
}

/// A newer release's index is not for an older one to make, nor to wait for.
async fn an_older_release_boots_where_a_master_lost_all(lab: Lab) {
    let (base, own, alias) = (index::<Old>(&lab.cache), index::<New>(&lab.cache), alias(&lab.cache));
    let older = Migrator::new().register_schema(Old::schema()).lock(&lock(&[Old::schema()]));
    let _ = older.run(&lab.cache).await.unwrap();
    let _ = release(New::schema()).run(&lab.cache).await.unwrap();
    lab.lose(1, &base).await;
    lab.lose(1, &own).await;
    let done = older.run(&lab.other().await.1).await.unwrap();
    assert!(!done.indexes()[0].active && lab.all_say(&base, &base).await, "{done}");
    let _ = release(New::schema()).run(&lab.cache).await.unwrap();
    assert!(lab.all_say(&own, &own).await && lab.all_say(&alias, &own).await);
}

/// What an older release makes again has not the fields that a newer one added.
async fn fields_that_were_added_are_added_again(lab: Lab) {
    let (base, own) = (index::<Old>(&lab.cache), index::<New>(&lab.cache));
    let (_, old) = lab.other().await;
    let _ = release(Old::schema()).run(&old).await.unwrap();
    let _ = in_place(New::schema()).run(&lab.cache).await.unwrap();
    let counted = async || {
        let found = New::find().filter(New::AGE.ge(10)).count(&lab.cache).await;
        found.is_ok_and(|found| found == DOCUMENTS - 10)
    };
    for heals in [false, true] {
        lab.lose(2, &base).await;
        let _ = Migrator::new().register_schema(Old::schema()).readiness(&old).await;
        let _ = release(Old::schema()).run(&old).await.unwrap();
        if heals {
            let _watch = in_place(New::schema()).watch_every(&lab.cache, Duration::from_secs(1)).unwrap();
            until("the watch named it again", async || lab.all_say(&own, &base).await).await;
            until("a query finds all", counted).await;
        } else {
            let _ = in_place(New::schema()).run(&lab.cache).await.unwrap();
        }
        assert!(lab.all_say(&own, &base).await && counted().await);
        assert_eq!(in_place(New::schema()).plan(&lab.cache).await.unwrap()[0].steps, []);
    }
}

/// Synonyms go with the index, and come back with it; a cache behind a fence may look and heal too.
async fn what_was_added_to_it_comes_back(lab: Lab) {
    let cache = lab.cache.clone().project("masters");
    save_notes(&cache).await;
    let _ = Migrator::new().register::<Note>().run(&cache).await.unwrap();
    assert!(Note::synonyms().update(&cache, "cars", ["car", "automobile"]).await.unwrap());
    let found =
        async |cache: &Cache| Note::find().filter(Note::BODY.matches("automobile")).count(cache).await;
    until("synonyms are found", async || found(&cache).await.is_ok_and(|found| found == 20)).await;
    let lease = Gate::new("reports").ttl(Duration::from_secs(60)).try_lock(&cache).await.unwrap().unwrap();
    let fenced = lease.fenced(&cache).unwrap();
    for through in [&cache, &fenced] {
        lab.lose(0, &index::<Note>(&cache)).await;
        until("synonyms are found again", async || found(through).await.is_ok_and(|found| found == 20)).await;
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    #[index(text)]
    body: String,
}

async fn save_notes(cache: &Cache) {
    for id in 0..20 {
        let _ = Note { id, body: "a red car".to_owned() }.save(cache).await.unwrap();
    }
}

/// A cursor is of one node. Documents are on one here too, which is not the one that is asked where it does not matter whom.
async fn a_stream_is_read_where_it_was_opened(lab: Lab) {
    let namespaces = (0..).map(|at| format!("{{shop{at}}}:cache"));
    let namespace =
        namespaces.into_iter().find(|name| lab.coordinator.master_of(name.as_bytes()) != 0).unwrap();
    let cache = lab.cache.clone().namespace(&namespace);
    save(&cache, 1_000).await;
    let _ = Migrator::new().register::<New>().run(&cache).await.unwrap();
    let (mut rows, mut found) = (New::find().stream(&cache), 0);
    while let Some(row) = rows.next().await {
        let _ = row.unwrap();
        found += 1;
    }
    assert_eq!((found, rows.completeness().is_complete()), (1_000, true));
    let (mut ages, mut found) = (New::find().group_by(New::AGE).stream::<HashMap<String, f64>>(&cache), 0);
    while let Some(age) = ages.next().await {
        let _ = age.unwrap();
        found += 1;
    }
    assert_eq!((found, ages.completeness().is_complete()), (1_000, true));
}

async fn what_a_master_lost_is_healed(lab: Lab) {
    let own = index::<New>(&lab.cache);
    let migrator = release(New::schema());
    let _ = migrator.run(&lab.cache).await.unwrap();
    // A query meets it, and a watch finds it.
    lab.lose(0, &own).await;
    lab.coordinator.deafen(0, 1);
    let counted = async || New::find().count(&lab.cache).await.is_ok_and(|count| count == DOCUMENTS);
    until("a query finds all", counted).await;
    assert!(lab.all_say(&own, &own).await);
    let _watch = migrator.watch_every(&lab.cache, Duration::from_secs(1)).unwrap();
    lab.lose(2, &own).await;
    until("the watch made it again", async || lab.all_say(&own, &own).await).await;
    until("a query finds all", counted).await;
}

/// Whatever the server is: with `CACHE_TEST_REDIS_URL` at a cluster whose search modules coordinate, each of its masters.
async fn every_master_lists_what_was_made(cache: Cache) {
    let (base, own) = (index::<Old>(&cache), index::<New>(&cache));
    save(&cache, 20).await;
    let old = cache_tests::elsewhere(&cache).await;
    let _ = release(Old::schema()).run(&old).await.unwrap();
    assert_eq!(listed(&cache).await, std::slice::from_ref(&base));
    let _ = release(New::schema()).run(&cache).await.unwrap();
    let mut both = [base.clone(), own.clone()];
    both.sort();
    assert_eq!(listed(&cache).await, both);
    drop(old);
    used_before(&cache, Old::schema().fingerprint(), 2 * DAY).await;
    assert_eq!(release(New::schema()).collect(&cache).await.unwrap(), [base.as_str()]);
    assert_eq!(listed(&cache).await, [own]);
    assert_eq!(New::find().count(&cache).await.unwrap(), 20);
}

/// The indexes of the cache's namespace, which all masters have to list.
async fn listed(cache: &Cache) -> Vec<String> {
    let everywhere = Command::new("FT._LIST").routed(Route::AllMasters);
    let answers = match cache.capabilities().cluster {
        true => cache.command(everywhere).await.unwrap().into_items().unwrap(),
        false => vec![cache.command(Command::new("FT._LIST")).await.unwrap()],
    };
    let own = |reply: Reply| {
        let names = reply.into_items().unwrap();
        let names = names.iter().filter_map(|name| name.as_str().map(str::to_owned));
        let mut names: Vec<_> = names.filter(|name| name.starts_with(&global(cache))).collect();
        names.sort();
        names
    };
    let mut answers = answers.into_iter().map(own);
    let first = answers.next().unwrap();
    answers.for_each(|other| assert_eq!(other, first));
    first
}

mod shared {
    use super::every_master_lists_what_was_made;

    cache_tests::live! { every_master_lists_what_was_made }
}

cache_tests::both! {
    cache_tests::lab::run =>
        what_a_master_lost_is_made_again,
        a_master_that_does_not_hear_is_told_again,
        fields_are_added_everywhere,
        an_old_index_is_dropped_everywhere,
        an_older_release_boots_where_a_master_lost_all,
        fields_that_were_added_are_added_again,
        what_was_added_to_it_comes_back,
        a_stream_is_read_where_it_was_opened,
        what_a_master_lost_is_healed;
}
