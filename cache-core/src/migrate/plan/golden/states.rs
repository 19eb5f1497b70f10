//! States of a server, for one pair of schemas: what else there may be.

use cache_index::{Entry, FieldDef, Fingerprint, Numeric, Schema, Tag};

use super::changes::{age, bio, city, schema};
use super::world::World;
use crate::migrate::memory::ServerMemory;
use crate::migrate::options::{Options, Strategy};

const DAY: u64 = 24 * 60 * 60 * 1_000;

pub(super) fn old() -> Schema {
    schema(vec![city()])
}

pub(super) fn new() -> Schema {
    schema(vec![city(), age()])
}

/// Newer than the old one, and older than the new one.
fn between() -> Schema {
    schema(vec![city(), bio()])
}

pub(super) fn newer() -> Schema {
    schema(vec![city(), age(), bio()])
}

pub(super) fn name(schema: &Schema) -> String {
    schema.index_name(&World::keyspace())
}

pub(super) fn locked(schemas: &[&Schema]) -> Options {
    let mut lock = crate::migrate::lock::SchemaLock::default();
    for schema in schemas {
        lock.append_schema(schema);
    }
    Options { lock: Some(lock), ..Options::default() }
}

fn with(strategy: Strategy) -> Options {
    Options { strategy, ..Options::default() }
}

fn retiring() -> Options {
    Options { retires_redis_om: true, ..Options::default() }
}

fn fp(schema: &Schema) -> Fingerprint {
    *schema.fingerprint()
}

fn of_prefix(prefix: &'static str) -> Schema {
    let fields = vec![Entry::Field(FieldDef::indexed::<u8, Numeric>("n", "n"))];
    Schema::new("Other", prefix, "id", fields.leak())
}

fn redis_om() -> World {
    let theirs = schema(vec![FieldDef::indexed::<String, Tag>("city", "city").separator::<String>('|')]);
    World::default().named("cache:user:index", &theirs)
}

/// What is there, what is wanted, how, and a name for it.
pub(super) fn all() -> Vec<(&'static str, World, Schema, Options)> {
    let w = World::default;
    let active = || w().with(&old()).active(&old());
    let both = || active().with(&new());
    let options = Options::default;
    let memory = Some(ServerMemory { used: 400_000_000, most: 512_000_000, evicts: false });
    let filling = |world: World, of: &Schema| {
        world.but(&name(of), |info| {
            info.indexing = true;
            info.percent_indexed = 0.4;
        })
    };
    let extended = || {
        // The old index with the new field, and the new name as an alias of it.
        let grown = w().named(&name(&old()), &new()).active(&old());
        grown.alias(&name(&new()), &name(&old())).used(&fp(&new()), 0)
    };
    let canon = |schema: &Schema| format!("cache:user:idx:{}", schema.earlier_fingerprints()[0]);
    let om_named = |name: &str| {
        let mut world = w().named(name, &new()).with(&new()).active(&new());
        world.hashed = vec![name.to_owned()];
        world
    };
    let mut left = w().with(&new()).active(&new());
    left.left = vec!["cache:user:index:hash".to_owned()];
    let kept = left.clone();
    let mut crowded = w();
    crowded.keys = 10_000_001;
    let by_hand = |mut world: World| {
        world.unverified = true;
        world
    };
    let mut unproven = active();
    unproven.unproven = true;
    let mut doubted = unproven.clone();
    doubted.keys = 10_000_001;
    let filter = || new().with_filter("@age > 17");
    let filtered = w().with(&filter()).active(&filter());
    let mut many = w().with(&new()).active(&new());
    many.keys = 10_000_001;
    let mut unseen = w();
    unseen.hidden = vec!["bills".to_owned(), "mail:idx".to_owned()];
    let mut limited = active();
    limited.memory = memory;
    vec![
        ("a first run", w(), new(), options()),
        ("a first run in place", w(), new(), with(Strategy::InPlaceAdditive)),
        ("an index that is being filled", filling(w().with(&new()).active(&new()), &new()), new(), options()),
        ("an index that nobody compared", by_hand(w().with(&new()).active(&new())), new(), options()),
        ("an index that nobody compared, by a filter", by_hand(filtered.clone()), filter(), options()),
        (
            "an index that nobody compared, while a newer one is active",
            by_hand(both().active(&new())),
            old(),
            locked(&[&old()]),
        ),
        (
            "an index that nobody compared, manual",
            by_hand(w().with(&new()).active(&new())),
            new(),
            with(Strategy::Manual),
        ),
        ("an index that nobody compared, among many keys", by_hand(many), new(), options()),
        ("an index that lost its alias", w().with(&new()), new(), options()),
        ("a limit of memory", limited, new(), options()),
        ("both indexes, no lock", both(), new(), options()),
        ("both indexes, the new one being filled", filling(both(), &new()), new(), options()),
        ("an older one is active", both(), new(), locked(&[&old(), &new()])),
        ("a newer one is active", both().active(&new()), old(), locked(&[&old()])),
        ("an older release boots first", active(), new(), locked(&[&new(), &old()])),
        ("one that is not in the lock is active", both(), new(), locked(&[&newer(), &new()])),
        (
            "one that is not in the lock, by force",
            both(),
            new(),
            Options { force: true, ..locked(&[&new()]) },
        ),
        ("the schema is not in the lock", both(), new(), locked(&[&old()])),
        (
            "back to what it was",
            both().active(&new()),
            old(),
            Options {
                lock: Some(
                    format!("user {}\nuser {}\nuser {}\n", fp(&old()), fp(&new()), fp(&old()))
                        .parse()
                        .unwrap(),
                ),
                ..options()
            },
        ),
        (
            "an older release extended an older index",
            extended().with(&newer()),
            newer(),
            locked(&[&new(), &newer()]),
        ),
        ("the alias's name is an index", w().named("cache:user:idx", &old()), new(), options()),
        ("the name is another index", w().named(&name(&new()), &old()), new(), options()),
        (
            "the name is an index of other options",
            w().named(&name(&new()), &schema(vec![city().sortable::<String>(), age()])),
            new(),
            options(),
        ),
        ("the index has fields more", w().named(&name(&old()), &new()).active(&old()), old(), options()),
        ("the name stands for an older index", extended(), new(), options()),
        (
            "a newer release extended the older index that is active",
            extended(),
            between(),
            Options { strategy: Strategy::InPlaceAdditive, ..locked(&[&old(), &between()]) },
        ),
        (
            "the name stands for an index that lacks a field",
            active().alias(&name(&new()), &name(&old())),
            new(),
            options(),
        ),
        (
            "an earlier version of the crate made it",
            w().named(&canon(&new()), &new()).alias("cache:user:idx", &canon(&new())),
            new(),
            options(),
        ),
        (
            "an earlier version of the crate made it, and another schema's is active",
            active().named(&canon(&new()), &new()),
            new(),
            options(),
        ),
        (
            "an earlier version of the crate made it, and it is being filled",
            w().named(&canon(&new()), &new())
                .alias("cache:user:idx", &canon(&new()))
                .but(&canon(&new()), |info| info.indexing = true),
            new(),
            options(),
        ),
        (
            "an earlier version of the crate made one of this name that is another",
            w().named(&canon(&new()), &old()),
            new(),
            options(),
        ),
        ("manual, missing", active(), new(), with(Strategy::Manual)),
        ("manual, there", both(), new(), with(Strategy::Manual)),
        ("manual, being filled", filling(both(), &new()), new(), with(Strategy::Manual)),
        ("manual, to be adopted", w().named(&canon(&new()), &new()), new(), with(Strategy::Manual)),
        ("redis-om, kept", redis_om(), new(), options()),
        ("redis-om, retired at the first run", redis_om(), new(), retiring()),
        ("redis-om, retired later", redis_om().with(&new()).active(&new()), new(), retiring()),
        (
            "redis-om, while a newer release is active",
            redis_om().with(&new()).with(&newer()).active(&newer()),
            new(),
            Options { retires_redis_om: true, ..locked(&[&new()]) },
        ),
        ("redis-om, an index of a name of its own", om_named("customers"), new(), retiring()),
        (
            "redis-om, whose name has an index of other documents",
            redis_om().but("cache:user:index", |info| info.definition.prefixes = vec!["cache:".to_owned()]),
            new(),
            retiring(),
        ),
        ("redis-om, the keys of an index that is gone", left, new(), retiring()),
        ("redis-om, kept keys of an index that is gone", kept, new(), options()),
        ("a first run among many keys", crowded, new(), options()),
        ("a first run with a FILTER", w(), new().with_filter("@age > 17"), options()),
        (
            "another program's index of all keys",
            w().named("theirs", &new()).but("theirs", |info| info.definition.prefixes = vec![String::new()]),
            new(),
            options(),
        ),
        (
            "another model's index of all keys",
            w().named("cache:all:idx:0123456789ab", &new())
                .but("cache:all:idx:0123456789ab", |info| info.definition.prefixes.clear()),
            new(),
            options(),
        ),
        ("indexes of others that may not be looked at", unseen, new(), Options::default()),
        ("another model within", w().with(&of_prefix("user:session")), new(), options()),
        (
            "another model around",
            w().named(&of_prefix("user").alias(&World::keyspace()).replace("user", "us"), &of_prefix("us")),
            new(),
            options(),
        ),
        (
            "an index of everything",
            w().named("everything", &old())
                .but("everything", |info| info.definition.prefixes = vec![String::new()]),
            new(),
            options(),
        ),
        (
            "an index of hashes",
            w().named("hashes", &old()).but("hashes", |info| info.definition.key_type = "HASH".to_owned()),
            new(),
            options(),
        ),
        ("nobody used the old one for a day", both().active(&new()).used(&fp(&old()), DAY), new(), options()),
        (
            "nobody used the old one for nearly a day",
            both().active(&new()).used(&fp(&old()), DAY - 1),
            new(),
            options(),
        ),
        ("nobody knows when the old one was used", both().active(&new()), new(), options()),
        (
            "nobody used the old one, which is active until now",
            active().used(&fp(&old()), 2 * DAY),
            new(),
            options(),
        ),
        (
            "nobody used the newer one, which stays active",
            both().active(&new()).used(&fp(&new()), 2 * DAY),
            old(),
            locked(&[&old()]),
        ),
        (
            "old ones are kept",
            both().active(&new()).used(&fp(&old()), 2 * DAY),
            new(),
            Options { collects: false, ..options() },
        ),
        (
            "an old one that another release extended and uses",
            extended().with(&newer()).active(&newer()).used(&fp(&old()), 9 * DAY),
            newer(),
            options(),
        ),
        (
            "nobody used two old ones",
            both().active(&new()).used(&fp(&old()), 2 * DAY).with(&newer()).used(&fp(&newer()), 3 * DAY),
            new(),
            options(),
        ),
        ("beside one that nobody compared", unproven, new(), options()),
        ("beside one that nobody compared, among many keys", doubted, new(), options()),
        (
            "in place, killed before the fields were added",
            active().extending(&new(), &name(&old())),
            new(),
            with(Strategy::InPlaceAdditive),
        ),
        (
            "in place, killed behind it",
            w().named(&name(&old()), &new()).active(&old()).extending(&new(), &name(&old())),
            new(),
            with(Strategy::InPlaceAdditive),
        ),
        (
            "in place, killed behind it, then beside",
            w().named(&name(&old()), &new()).active(&old()).extending(&new(), &name(&old())),
            new(),
            options(),
        ),
        (
            "in place, killed behind it, and the index is gone",
            w().extending(&new(), &name(&old())),
            new(),
            with(Strategy::InPlaceAdditive),
        ),
        ("in place, for the second time", extended(), newer(), with(Strategy::InPlaceAdditive)),
        (
            "in place, where the fields are there and nobody knows why",
            w().named(&name(&old()), &new()).active(&old()),
            new(),
            with(Strategy::InPlaceAdditive),
        ),
    ]
}
