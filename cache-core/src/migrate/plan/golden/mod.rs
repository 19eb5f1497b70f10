//! Plans, each as it is printed: `plans.txt` beside this file. `CACHE_PLANS_BLESS=1` writes it anew.

mod changes;
mod states;
mod torn;
mod world;

use std::fmt::Write;

use cache_index::Schema;

use self::world::World;
use super::plan;
use crate::migrate::options::{Options, Strategy};

const GOLDEN: &str = include_str!("plans.txt");

struct Case {
    name: String,
    world: World,
    old: Schema,
    new: &'static Schema,
    options: Options,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for strategy in [Strategy::Rebuild, Strategy::InPlaceAdditive] {
        for (name, old, new) in changes::all() {
            let world = World::default().with(&old).active(&old).used(old.fingerprint(), 0);
            let options = Options { strategy, ..Options::default() };
            let how = if strategy == Strategy::Rebuild { "beside" } else { "in place" };
            let new = Box::leak(Box::new(new));
            cases.push(Case { name: format!("{name}, {how}"), world, old, new, options });
        }
    }
    for (name, world, new, options) in states::all().into_iter().chain(torn::all()) {
        let (old, new) = (
            if new.fingerprint() == states::new().fingerprint() { states::old() } else { states::new() },
            Box::leak(Box::new(new)),
        );
        cases.push(Case { name: name.to_owned(), world, old, new, options });
    }
    cases
}

/// The plan with names in place of fingerprints: `NEW` for the schema's own, `OLD` for the other one.
fn shown(case: &Case) -> String {
    let plan = plan(case.new, &World::keyspace(), &case.world.observe(case.new), &case.options);
    let mut shown = plan.to_string();
    for (schema, name) in [(case.new, "NEW"), (&case.old, "OLD")] {
        shown = shown.replace(&format!("cache:user:idx:{}", schema.fingerprint()), name);
        shown = shown.replace(&schema.fingerprint().to_string(), name);
    }
    shown
}

#[test]
fn plans_are_what_they_were() {
    let mut all = String::new();
    for case in cases() {
        let _ = writeln!(all, "# {}\n{}\n", case.name, shown(&case));
    }
    assert!(cases().len() >= 60);
    if std::env::var_os("CACHE_PLANS_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/migrate/plan/golden/plans.txt");
        std::fs::write(path, &all).unwrap();
        return;
    }
    for (now, then) in all.split("\n\n").zip(GOLDEN.split("\n\n")) {
        assert_eq!(now, then, "if that is right, set CACHE_PLANS_BLESS=1 and read the diff");
    }
    assert_eq!(all, GOLDEN);
}

#[test]
fn nothing_is_left_to_do_when_a_plan_was_carried_out() {
    for case in cases() {
        let keyspace = World::keyspace();
        let first = plan(case.new, &keyspace, &case.world.observe(case.new), &case.options);
        let drifts =
            |plan: &super::Plan| plan.steps.iter().any(|step| matches!(step, super::Step::Drift { .. }));
        if drifts(&first) {
            continue;
        }
        let after = case.world.after(&first);
        let second = plan(case.new, &keyspace, &after.observe(case.new), &case.options);
        assert_eq!(second.steps, [], "{}: {second}", case.name);
        assert_eq!(second.differences, [], "{}", case.name);
    }
}

#[test]
fn a_plan_says_the_same_as_data() {
    let case = &cases()[2];
    let plan = plan(case.new, &World::keyspace(), &case.world.observe(case.new), &case.options);
    let data = serde_json::to_value(&plan).unwrap();
    assert_eq!(data["model"], "User");
    assert_eq!(data["fingerprint"], case.new.fingerprint().to_string());
    assert_eq!(data["differences"][0]["added"]["name"], "age");
    assert_eq!(data["estimate"]["documents"], 60_000);
    let steps: Vec<_> = data["steps"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert_eq!(steps, ["create", "wait", "verify", "cutover"]);
    assert_eq!(data["notices"][0]["notice"], "no_lock");
}
