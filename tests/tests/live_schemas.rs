//! Random schemas, migrated: that they come back from the server as they were made is the case `m6` of `migrator_faults`.

use cache_core::{Cache, FieldDef, Migrator, Numeric, Schema, Step, Strategy};
use cache_tests::live;
use cache_tests::schemas::{schema, schema_and};

/// How many are migrated, and then extended.
const MIGRATED: u64 = 60;

/// Whatever the schema, nothing is left to do once it was migrated; a field more is an addition in place wherever one
/// can be, and then nothing is left to do for either release.
async fn random_schemas_are_migrated_once(cache: Cache) {
    let seeds = || 0..MIGRATED;
    let of =
        |schemas: Vec<&'static Schema>| schemas.into_iter().fold(Migrator::new(), Migrator::register_schema);
    let old = of(seeds().map(schema).collect());
    let extra = || Some(FieldDef::indexed::<u8, Numeric>("extra", "extra"));
    let new = of(seeds().map(|seed| schema_and(seed, extra())).collect());
    let new = new.strategy(Strategy::InPlaceAdditive);
    old.run(&cache).await.unwrap();
    for plan in old.plan(&cache).await.unwrap() {
        assert!(plan.is_empty() && plan.notices.is_empty(), "{plan}");
    }
    let plans = new.plan(&cache).await.unwrap();
    for (plan, schema) in plans.iter().zip(new.schemas()) {
        let added = matches!(plan.steps.first(), Some(Step::AlterAdd { fields, .. }) if fields.len() == 1);
        assert_eq!(added, schema.filter().is_none(), "{plan}");
    }
    new.run(&cache).await.unwrap();
    for migrator in [&new, &old] {
        for plan in migrator.plan(&cache).await.unwrap() {
            // Without a lock, the alias is at whoever was last where both have an index.
            let left =
                plan.steps.iter().filter(|step| !matches!(step, Step::Verify { .. } | Step::Cutover { .. }));
            assert_eq!(left.collect::<Vec<_>>(), Vec::<&Step>::new(), "{plan}");
        }
    }
    for plan in new.plan(&cache).await.unwrap() {
        assert!(plan.is_empty(), "{plan}");
    }
}

live! { random_schemas_are_migrated_once }
