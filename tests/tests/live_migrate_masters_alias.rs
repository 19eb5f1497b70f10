//! The alias of a model's indexes on three masters of a cluster: `cache_tests::coordinator` says what stands for that.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::sync::Arc;

use cache_core::{Cache, Command, IndexSchema, Migrator, Schema, Step};
use cache_tests::lab::{Lab, MASTERS};
use cache_tests::releases::{alias, changed, first, global, index, lock, second, third, used_before};

type Old = first::User;
type New = second::User;
type Newest = third::User;

const DAY: u64 = 24 * 60 * 60 * 1_000;

fn release(schema: &'static Schema) -> Migrator {
    Migrator::new().register_schema(schema).lock(&lock(&[Old::schema(), New::schema()]))
}

async fn the_alias_of_a_newer_release_is_given_back(lab: Lab) {
    let (base, own, alias) = (index::<Old>(&lab.cache), index::<New>(&lab.cache), alias(&lab.cache));
    // The old release knows of nothing behind itself.
    let older = Migrator::new().register_schema(Old::schema()).lock(&lock(&[Old::schema()]));
    let _ = older.run(&lab.cache).await.unwrap();
    let _ = release(New::schema()).run(&lab.cache).await.unwrap();
    for said in [None, Some(&base)] {
        let words = match said {
            Some(index) => vec!["FT.ALIASUPDATE", &alias, index],
            None => vec!["FT.ALIASDEL", &alias],
        };
        let _ = lab.coordinator.say(1, &words).await.unwrap();
        let plan = older.plan(&lab.cache).await.unwrap().remove(0);
        assert_eq!(plan.steps, [Step::Cutover { from: None, to: own.clone() }], "{plan}");
        let done = older.run(&lab.cache).await.unwrap();
        assert!(!done.indexes()[0].active, "{done}");
        assert!(lab.all_say(&alias, &own).await, "{:?}", lab.said(&alias).await);
    }
    // Half moved, it is moved to the end.
    let _ = lab.coordinator.say(0, &["FT.ALIASUPDATE", &alias, &base]).await.unwrap();
    let done = release(New::schema()).run(&lab.cache).await.unwrap();
    assert!(done.indexes()[0].active, "{done}");
    assert!(lab.all_say(&alias, &own).await);
}

/// A newer release gives it to its own index while an older one, whose plan is to take it, fills one.
async fn the_alias_is_looked_at_again_before_it_moves(lab: Lab) {
    let (base, own, alias) = (index::<Old>(&lab.cache), index::<New>(&lab.cache), alias(&lab.cache));
    let (coordinator, newer) = (Arc::clone(&lab.coordinator), (own.clone(), alias.clone()));
    let newer_comes = move |step: &str| {
        if step != "filled" {
            return;
        }
        let comes = async {
            let create = ["FT.CREATE", &newer.0, "ON", "JSON", "SCHEMA", "$.age", "AS", "age", "NUMERIC"];
            for master in 0..MASTERS {
                let _ = coordinator.say(master, &create).await.unwrap();
                let _ = coordinator.say(master, &["FT.ALIASADD", &newer.1, &newer.0]).await.unwrap();
            }
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(comes));
    };
    let older = Migrator::new().register_schema(Old::schema()).lock(&lock(&[Old::schema()]));
    let done = older.observe_steps(Arc::new(newer_comes)).run(&lab.cache).await.unwrap();
    assert!(!done.indexes()[0].active, "{done}");
    assert!(lab.all_say(&base, &base).await && lab.all_say(&alias, &own).await);
}

/// The older one looked where the alias is, and moves it when the newer one has done so.
async fn of_two_that_take_the_alias_at_once_the_newer_has_it(lab: Lab) {
    let all = lock(&[Old::schema(), New::schema(), Newest::schema()]);
    let release = |schema| Migrator::new().register_schema(schema).lock(&all);
    let (_, alias) = (release(Old::schema()).run(&lab.cache).await.unwrap(), alias(&lab.cache));
    let [old, new, newest] = [index::<Old>, index::<New>, index::<Newest>].map(|of| of(&lab.cache));
    assert!(lab.all_say(&alias, &old).await);

    let (coordinator, cache) = lab.other().await;
    let (is_there, go) = coordinator.hold("FT.ALIASUPDATE");
    let slow = tokio::spawn({
        let migrator = release(New::schema());
        async move { migrator.run(&cache).await }
    });
    is_there.await.unwrap();
    assert!(lab.all_say(&alias, &old).await);
    assert!(release(Newest::schema()).run(&lab.cache).await.unwrap().indexes()[0].active);
    assert!(lab.all_say(&alias, &newest).await);
    go.send(()).unwrap();
    let done = slow.await.unwrap().unwrap();
    assert!(lab.all_say(&alias, &newest).await, "{:?}", lab.said(&alias).await);
    assert!(!done.indexes()[0].active, "{done}");

    // Of one that is gone, nothing is kept.
    let own = |name: &str| name.rsplit(':').next().unwrap().to_owned();
    assert_eq!(claims(&lab.cache).await, BTreeSet::from([&old, &new, &newest].map(|name| own(name))));
    used_before(&lab.cache, Old::schema().fingerprint(), 2 * DAY).await;
    used_before(&lab.cache, New::schema().fingerprint(), 2 * DAY).await;
    drop(coordinator);
    let dropped = release(Newest::schema()).collect(&lab.cache).await.unwrap();
    assert_eq!(dropped.len(), 2, "{dropped:?}");
    assert_eq!(claims(&lab.cache).await, BTreeSet::from([own(&newest)]));
}

/// Two are behind, each before its own last step, when the newest of all takes it; they go on in either order.
async fn of_three_that_take_the_alias_at_once_the_newest_has_it(lab: Lab) {
    for newer_first in [false, true] {
        let namespace = format!("{}-{newer_first}", global(&lab.cache));
        let base = lab.cache.clone().namespace(&namespace);
        let schemas = [Old::schema(), New::schema(), Newest::schema(), changed::User::schema()];
        let all = lock(&schemas);
        let release = |schema| Migrator::new().register_schema(schema).lock(&all);
        let _ = release(Old::schema()).run(&base).await.unwrap();
        let mut behind = Vec::new();
        for schema in [New::schema(), Newest::schema()] {
            let (coordinator, cache) = lab.other().await;
            let cache = cache.namespace(&namespace);
            let (is_there, go) = coordinator.hold("FT.ALIASUPDATE");
            let migrator = release(schema);
            let run = tokio::spawn(async move { migrator.run(&cache).await });
            is_there.await.unwrap();
            behind.push((coordinator, go, run));
        }
        let newest = index::<changed::User>(&base);
        assert!(release(changed::User::schema()).run(&base).await.unwrap().indexes()[0].active);
        if newer_first {
            behind.reverse();
        }
        for (_coordinator, go, run) in behind {
            go.send(()).unwrap();
            let done = run.await.unwrap().unwrap();
            let said = lab.said(&alias(&base)).await;
            assert!(lab.all_say(&alias(&base), &newest).await, "{newer_first}, {done}: {said:?}");
            assert!(!done.indexes()[0].active, "{done}");
        }
    }
}

/// Of each of two, the other one said once that it is older.
async fn a_schema_that_came_back_has_the_alias(lab: Lab) {
    let (old, alias) = (index::<Old>(&lab.cache), alias(&lab.cache));
    let _ = release(New::schema()).run(&lab.cache).await.unwrap();
    let all = lock(&[Old::schema(), New::schema(), Old::schema()]);
    for _ in 0..2 {
        let done = Migrator::new().register_schema(Old::schema()).lock(&all).run(&lab.cache).await.unwrap();
        assert!(done.indexes()[0].active, "{done}");
        assert!(lab.all_say(&alias, &old).await, "{:?}", lab.said(&alias).await);
    }
}

/// What is taken back on purpose is not given to the one that was taken back, also if the alias is lost.
async fn a_downgrade_on_purpose_is_kept(lab: Lab) {
    let (old, new, alias) = (index::<Old>(&lab.cache), index::<New>(&lab.cache), alias(&lab.cache));
    let _ = release(New::schema()).run(&lab.cache).await.unwrap();
    let older = Migrator::new().register_schema(Old::schema()).lock(&lock(&[Old::schema()]));
    assert!(!older.run(&lab.cache).await.unwrap().indexes()[0].active);
    assert!(older.clone().force_activate().run(&lab.cache).await.unwrap().indexes()[0].active);
    for master in 0..MASTERS {
        let _ = lab.coordinator.say(master, &["FT.ALIASDEL", &alias]).await.unwrap();
    }
    assert!(older.run(&lab.cache).await.unwrap().indexes()[0].active);
    assert!(lab.all_say(&alias, &old).await, "{:?}", lab.said(&alias).await);
    // The next boot of the new release takes it forward again.
    let _ = release(New::schema()).run(&lab.cache).await.unwrap();
    assert!(lab.all_say(&alias, &new).await);
}

/// The fingerprints of those that said which ones they are newer than.
async fn claims(cache: &Cache) -> BTreeSet<String> {
    let key = format!("{}:~user:compared", global(cache));
    let said = cache.command(Command::new("HKEYS").key(key)).await.unwrap().into_items().unwrap();
    said.iter().filter_map(|name| Some(name.as_str()?.strip_suffix(":older")?.to_owned())).collect()
}

cache_tests::both! {
    cache_tests::lab::run =>
        the_alias_of_a_newer_release_is_given_back,
        the_alias_is_looked_at_again_before_it_moves,
        of_two_that_take_the_alias_at_once_the_newer_has_it,
        of_three_that_take_the_alias_at_once_the_newest_has_it,
        a_schema_that_came_back_has_the_alias,
        a_downgrade_on_purpose_is_kept;
}
