//! Schemas like any that the derive makes, at random.

use cache_core::{
    DistanceMetric, Entry, Field, FieldDef, Geo, GeoPoint, GeoShape, GeoShapeKind, HashTag, Language, No,
    Numeric, Options, Schema, Tag, Text, Vector, VectorElement, VectorKind,
};

use crate::dice::Dice;

/// Random choices: a failure names the seed that they come from.
struct Random(Dice);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0.below(most)
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
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
pub fn schema(seed: u64) -> &'static Schema {
    schema_and(seed, None)
}

/// The same with a field more, somewhere among the others.
pub fn schema_and(seed: u64, more: Option<FieldDef>) -> &'static Schema {
    let mut random = Random(Dice::new(seed));
    let mut entries: Vec<Entry> =
        (0..=random.below(12)).map(|number| Entry::Field(field(&mut random, number as usize))).collect();
    if let Some(more) = more {
        entries.insert(seed as usize % (entries.len() + 1), Entry::Field(more));
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
