//! Schemas there and back: what `FT.CREATE` is told and `FT.INFO` answers are the same definition, in both protocols.

use cache_core::{
    Cache, Command, DistanceMetric, Entry, Field, FieldDef, Geo, GeoPoint, GeoShape, GeoShapeKind, HashTag,
    IndexDefinition, IndexInfo, Language, Migrator, No, Numeric, Options, Schema, Step, Strategy, Tag, Text,
    Vector, VectorElement, VectorKind,
};
use cache_tests::live;

/// How many random schemas each protocol sees.
const SCHEMAS: u64 = 250;

/// How many are migrated, and then extended.
const MIGRATED: u64 = 60;

/// Random numbers from a seed: a failure names the one that it comes from.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

type Many = Vec<String>;
type Maybe = Option<String>;

fn field(random: &mut Random, number: usize) -> FieldDef {
    let member = match random.below(4) {
        0 => leaked(format!("member-{number}")),
        1 => leaked(format!("ä {number}")),
        _ => leaked(format!("m{number}")),
    };
    let name = leaked(format!("f{number}"));
    let flip = |random: &mut Random, def: FieldDef, with: fn(FieldDef) -> FieldDef| {
        if random.coin() { with(def) } else { def }
    };
    match random.below(9) {
        0 | 1 => {
            let mut def = match random.below(3) {
                0 => FieldDef::indexed::<Many, Tag>(member, name),
                1 => flip(
                    random,
                    FieldDef::indexed::<Maybe, Tag>(member, name),
                    FieldDef::index_missing::<Maybe>,
                ),
                _ => {
                    flip(random, FieldDef::indexed::<String, Tag>(member, name), FieldDef::sortable::<String>)
                }
            };
            if random.coin() {
                def = def.separator::<String>(random.of(&[',', ';', '|', '/', ' ']));
            }
            def = flip(random, def, FieldDef::fold_case::<String>);
            flip(random, def, FieldDef::with_suffix_trie::<String>)
        }
        2 | 3 => {
            let mut def = match random.below(3) {
                0 => FieldDef::indexed::<Many, Text>(member, name),
                1 => flip(
                    random,
                    FieldDef::indexed::<Maybe, Text>(member, name),
                    FieldDef::index_missing::<Maybe>,
                ),
                _ => flip(
                    random,
                    FieldDef::indexed::<String, Text>(member, name),
                    FieldDef::sortable::<String>,
                ),
            };
            if random.coin() {
                def = def.weight(random.of(&["2", "2.0", "0.5", "0.1", "1.0", "3.3333333"]));
            }
            if random.coin() {
                def = def.phonetic(random.of(&["en", "fr", "pt", "es"]));
            }
            def = flip(random, def, FieldDef::no_stem);
            def = flip(random, def, FieldDef::with_suffix_trie::<String>);
            flip(random, def, FieldDef::index_empty)
        }
        4 => {
            let def = FieldDef::indexed::<f64, Numeric>(member, name);
            match random.below(4) {
                0 => def.sortable::<f64>(),
                1 => def.sortable::<f64>().unf(),
                2 => def.sortable::<f64>().no_index(),
                _ => def,
            }
        }
        5 => FieldDef::indexed::<bool, Tag>(member, name),
        6 => FieldDef::indexed::<GeoPoint, Geo>(member, name),
        7 => {
            let def = FieldDef::indexed::<GeoShape, GeoShapeKind>(member, name);
            match random.below(3) {
                0 => def.flat::<GeoShape>(),
                1 => def.spherical::<GeoShape>(),
                _ => def,
            }
        }
        _ => match random.below(3) {
            0 => vector::<f32, 3>(random, member, name),
            1 => vector::<f64, 128>(random, member, name),
            _ => vector::<half::f16, 2>(random, member, name),
        },
    }
}

fn vector<T: VectorElement, const N: usize>(
    random: &mut Random,
    member: &'static str,
    name: &'static str,
) -> FieldDef
where
    Vector<T, N>: cache_core::Indexable<VectorKind> + cache_core::VectorValue,
{
    let mut field = Field::<(), Vector<T, N>, VectorKind, Options<No>>::indexed(member, name);
    field =
        field.distance_metric(random.of(&[DistanceMetric::Cosine, DistanceMetric::L2, DistanceMetric::Ip]));
    if random.coin() {
        field = field.initial_cap(random.of(&[1, 100]));
    }
    if random.coin() {
        field = field.hnsw();
        if random.coin() {
            field = field.m(random.of(&[4, 16, 40]));
        }
        if random.coin() {
            field = field.ef_construction(random.of(&[10, 200, 333]));
        }
        if random.coin() {
            field = field.ef_runtime(random.of(&[10, 77]));
        }
        if random.coin() {
            field = field.epsilon("0.2");
        }
    } else if random.coin() {
        field = field.block_size(10);
    }
    field.def()
}

/// A schema like any that the derive makes.
fn schema(seed: u64) -> &'static Schema {
    schema_and(seed, None)
}

/// The same with a field more, somewhere among the others.
fn schema_and(seed: u64, more: Option<FieldDef>) -> &'static Schema {
    let mut random = Random(seed);
    let mut entries: Vec<Entry> = (0..=random.below(12))
        .map(|number| Entry::Field(field(&mut random, usize::try_from(number).unwrap())))
        .collect();
    if let Some(more) = more {
        entries.insert(usize::try_from(seed).unwrap() % (entries.len() + 1), Entry::Field(more));
    }
    let (model, prefix) = (leaked(format!("Random{seed}")), leaked(format!("p{seed}")));
    let mut schema = Schema::new(model, prefix, "id", entries.leak());
    if random.coin() {
        schema = schema.with_language(random.of(&[
            Language::German,
            Language::French,
            Language::Tamil,
            Language::English,
        ]));
    }
    if random.coin() {
        schema = schema.with_stopwords(random.of(&[&[], &["der", "die"], &["b", "a", "c"]]));
    }
    if random.coin() {
        schema = schema.with_score(random.of(&["0.5", "0.1", "1", "0.333"]));
    }
    if random.coin() {
        schema = schema.with_filter(random.of(&["@f0 > 3", "exists(@f0)", "@f0 == \"a b\""]));
    }
    if random.coin() {
        schema = schema.with_hash_tag(HashTag::Model);
    }
    Box::leak(Box::new(schema))
}

async fn told(cache: &Cache, schema: &'static Schema) -> IndexDefinition {
    let keyspace = cache.keyspace().unwrap();
    let create = schema.create_index(keyspace).unwrap();
    let words: Vec<_> = create.args().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    cache.command(create).await.unwrap_or_else(|error| panic!("{words:?}: {}", cache_tests::chain(&error)));
    let name = schema.index_name(keyspace);
    let info = cache.command(Command::new("FT.INFO").arg(&name)).await.unwrap();
    cache.command(Command::new("FT.DROPINDEX").arg(&name)).await.unwrap();
    IndexInfo::decode(info).unwrap().definition
}

async fn random_schemas_come_back_as_they_were_made(cache: Cache) {
    let start = cache.capabilities().protocol as u64 * 1_000_000;
    for seed in start..start + SCHEMAS {
        let schema = schema(seed);
        let expected = schema.definition(cache.keyspace().unwrap());
        let told = told(&cache, schema).await;
        assert_eq!(expected.differences(&told), [], "seed {seed}: {expected:?}");
    }
}

/// The control: of what `FT.INFO` tells, no two random schemas are the same, and the comparison sees it.
async fn other_schemas_are_told_apart(cache: Cache) {
    for seed in 0..20 {
        let told = told(&cache, schema(seed)).await;
        let other = schema(seed + 1).definition(cache.keyspace().unwrap());
        assert_ne!(other.differences(&told), [], "seed {seed}");
    }
}

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

live! { random_schemas_come_back_as_they_were_made, other_schemas_are_told_apart, random_schemas_are_migrated_once }
