//! Pairs of schemas: what is active and what comes.

use cache_index::{
    DistanceMetric, Entry, Field, FieldDef, Geo, GeoPoint, HashTag, Language, No, Numeric, Options as Opts,
    Schema, Tag, Text, Vector, VectorElement, VectorKind,
};

type Maybe = Option<String>;

pub(super) fn schema(fields: Vec<FieldDef>) -> Schema {
    let entries: Vec<_> = fields.into_iter().map(Entry::Field).collect();
    Schema::new("User", "user", "id", entries.leak())
}

pub(super) fn city() -> FieldDef {
    FieldDef::indexed::<String, Tag>("city", "city")
}

pub(super) fn age() -> FieldDef {
    FieldDef::indexed::<i64, Numeric>("age", "age")
}

pub(super) fn bio() -> FieldDef {
    FieldDef::indexed::<String, Text>("bio", "bio")
}

fn place() -> FieldDef {
    FieldDef::indexed::<GeoPoint, Geo>("place", "place")
}

fn texts(from: usize, to: usize) -> Vec<FieldDef> {
    let name = |number: usize| -> &'static str { Box::leak(format!("t{number}").into_boxed_str()) };
    (from..to).map(|number| FieldDef::indexed::<String, Text>(name(number), name(number))).collect()
}

type Face<T, const N: usize> = Field<(), Vector<T, N>, VectorKind, Opts<No>>;

fn face<const N: usize>() -> Face<f32, N>
where
    Vector<f32, N>: cache_index::Indexable<VectorKind> + cache_index::VectorValue,
    f32: VectorElement,
{
    Face::indexed("face", "face")
}

/// What is active, what comes, and a name for it.
pub(super) fn all() -> Vec<(&'static str, Schema, Schema)> {
    let one = || schema(vec![city()]);
    let of = |def: FieldDef| schema(vec![city(), def]);
    let tag = |def: FieldDef| schema(vec![def]);
    vec![
        ("nothing", one(), one()),
        ("a field that is stored only", one(), schema(vec![city(), FieldDef::stored("note")])),
        ("a NUMERIC field more", one(), of(age())),
        ("a TAG field more", one(), of(FieldDef::indexed::<Vec<String>, Tag>("tags", "tags"))),
        ("a TEXT field more", one(), of(bio())),
        ("a GEO field more", one(), of(place())),
        ("a VECTOR field more", one(), of(face::<3>().def())),
        ("a field in front", one(), schema(vec![age(), city()])),
        ("two fields more", one(), schema(vec![city(), age(), bio()])),
        ("a second index of a field", one(), of(FieldDef::indexed::<String, Text>("city", "city_text"))),
        ("a field less", of(age()), one()),
        ("a field for another", of(age()), of(bio())),
        ("fields in another order", of(age()), schema(vec![age(), city()])),
        ("fields in another order and one more", of(age()), schema(vec![bio(), age(), city()])),
        ("another kind", one(), tag(FieldDef::indexed::<String, Text>("city", "city"))),
        ("another member", one(), tag(FieldDef::indexed::<String, Tag>("town", "city"))),
        ("another search name", one(), tag(FieldDef::indexed::<String, Tag>("city", "town"))),
        ("a list in place of a value", one(), tag(FieldDef::indexed::<Vec<String>, Tag>("city", "city"))),
        ("SORTABLE", one(), tag(city().sortable::<String>())),
        ("no longer SORTABLE", tag(city().sortable::<String>()), one()),
        ("case folded", one(), tag(city().fold_case::<String>())),
        ("SEPARATOR", one(), tag(city().separator::<String>(','))),
        ("WITHSUFFIXTRIE", one(), tag(city().with_suffix_trie::<String>())),
        (
            "INDEXMISSING",
            tag(FieldDef::indexed::<Maybe, Tag>("city", "city")),
            tag(FieldDef::indexed::<Maybe, Tag>("city", "city").index_missing::<Maybe>()),
        ),
        ("NOINDEX", of(age().sortable::<i64>()), of(age().sortable::<i64>().no_index())),
        ("NOSTEM", of(bio()), of(bio().no_stem())),
        ("WEIGHT", of(bio()), of(bio().weight("2.0"))),
        ("another WEIGHT", of(bio().weight("0.5")), of(bio().weight("2.0"))),
        ("INDEXEMPTY of a TEXT", of(bio()), of(bio().index_empty())),
        ("PHONETIC, which the server does not tell", of(bio()), of(bio().phonetic("en"))),
        ("PHONETIC and a field more", of(bio()), schema(vec![city(), bio().phonetic("en"), age()])),
        ("DIM", of(face::<3>().def()), of(face::<4>().def())),
        ("DISTANCE_METRIC", of(face::<3>().def()), of(face::<3>().distance_metric(DistanceMetric::L2).def())),
        ("HNSW", of(face::<3>().def()), of(face::<3>().hnsw().def())),
        ("M", of(face::<3>().hnsw().def()), of(face::<3>().hnsw().m(40).def())),
        ("EF_CONSTRUCTION", of(face::<3>().hnsw().def()), of(face::<3>().hnsw().ef_construction(300).def())),
        (
            "EF_RUNTIME, which the server does not tell",
            of(face::<3>().hnsw().def()),
            of(face::<3>().hnsw().ef_runtime(77).def()),
        ),
        ("LANGUAGE", of(bio()), of(bio()).with_language(Language::German)),
        ("STOPWORDS", of(bio()), of(bio()).with_stopwords(&["der", "die"])),
        ("no STOPWORDS", of(bio()).with_stopwords(&["der"]), of(bio()).with_stopwords(&[])),
        ("SCORE", one(), one().with_score("0.5")),
        ("FILTER", of(age()), of(age()).with_filter("@age > 17")),
        ("another FILTER", of(age()).with_filter("@age > 17"), of(age()).with_filter("@age > 20")),
        (
            "a field more where there is a FILTER",
            of(age()).with_filter("@age > 17"),
            schema(vec![city(), age(), bio()]).with_filter("@age > 17"),
        ),
        ("a NUMERIC field more, SORTABLE", one(), of(age().sortable::<i64>())),
        ("three fields less", schema(vec![city(), age(), bio(), place()]), one()),
        ("another SEPARATOR", tag(city().separator::<String>(',')), tag(city().separator::<String>(';'))),
        ("no longer WITHSUFFIXTRIE", tag(city().with_suffix_trie::<String>()), one()),
        (
            "no longer INDEXMISSING",
            tag(FieldDef::indexed::<Maybe, Tag>("city", "city").index_missing::<Maybe>()),
            tag(FieldDef::indexed::<Maybe, Tag>("city", "city")),
        ),
        (
            "INDEXMISSING of a NUMERIC",
            of(FieldDef::indexed::<Option<i64>, Numeric>("age", "age")),
            of(FieldDef::indexed::<Option<i64>, Numeric>("age", "age").index_missing::<Option<i64>>()),
        ),
        ("no longer NOSTEM", of(bio().no_stem()), of(bio())),
        ("no longer a WEIGHT", of(bio().weight("2.0")), of(bio())),
        ("FLAT for HNSW", of(face::<3>().hnsw().def()), of(face::<3>().def())),
        ("a VECTOR field for a TEXT field", of(bio()), of(face::<3>().def())),
        (
            "another LANGUAGE",
            of(bio()).with_language(Language::German),
            of(bio()).with_language(Language::French),
        ),
        ("another SCORE", one().with_score("0.5"), one().with_score("0.25")),
        ("no longer a FILTER", of(age()).with_filter("@age > 17"), of(age())),
        ("no longer a hash tag", one().with_hash_tag(HashTag::Model), one()),
        ("a hash tag", one(), one().with_hash_tag(HashTag::Model)),
        ("the 33rd TEXT field", schema(texts(0, 32)), schema(texts(0, 33))),
        ("the 34th TEXT field", schema(texts(0, 33)), schema(texts(0, 34))),
    ]
}
