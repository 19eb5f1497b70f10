//! Derived models, one for each attribute and type that the derive knows, and what it has to make of them: the words of
//! `FT.CREATE` behind the prefix, written by hand.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use cache_core::{CacheEmbedded, CacheModel, CacheValue, GeoPoint, GeoShape, IndexSchema, Schema, Vector};
use chrono::{DateTime, Utc};
use half::{bf16, f16};
use serde::{Deserialize, Serialize};

/// A derived model.
#[derive(Debug, Clone, Copy)]
pub struct Derived {
    /// The name of the struct.
    pub model: &'static str,
    /// What the derive made of it.
    pub schema: &'static Schema,
    /// The words of `FT.CREATE` behind the prefix.
    pub told: &'static str,
}

#[derive(Debug, Serialize, Deserialize, CacheValue)]
struct Code(String);

#[derive(Debug, Serialize, Deserialize, CacheValue)]
#[serde(rename_all = "lowercase")]
enum Role {
    Reader,
    Owner,
}

#[derive(Debug, Serialize, Deserialize, CacheEmbedded)]
struct Part {
    #[index(sortable)]
    size: u32,
    #[index(text, no_stem)]
    note: String,
    stored: u32,
}

#[derive(Debug, Serialize, Deserialize, CacheEmbedded)]
struct Outer {
    #[embedded]
    parts: Vec<Part>,
}

macro_rules! derived {
    ($($name:ident $((#[cache($($model:tt)*)]))?: $(#[$attribute:meta])* $type:ty => $told:literal;)*) => {
        $(
            #[derive(Debug, Serialize, Deserialize, CacheModel)]
            $(#[cache($($model)*)])?
            struct $name {
                #[primary_key]
                id: u32,
                $(#[$attribute])*
                value: $type,
            }
        )*

        /// All of them.
        pub fn models() -> Vec<Derived> {
            vec![$(Derived { model: stringify!($name), schema: <$name as IndexSchema>::schema(), told: $told }),*]
        }
    };
}

derived! {
    // The kind follows from the type.
    Strings: #[index] String => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Boxed: #[index] Box<str> => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Shared: #[index] Arc<str> => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Borrowed: #[index] Cow<'static, str> => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Chars: #[index] char => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Bools: #[index] bool => "SCHEMA $.value AS value TAG INDEXEMPTY";
    Codes: #[index] Code => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Roles: #[index] Role => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Ulids: #[index] ulid::Ulid => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Bytes: #[index] u8 => "SCHEMA $.value AS value NUMERIC";
    Longs: #[index] i64 => "SCHEMA $.value AS value NUMERIC";
    Floats: #[index] f32 => "SCHEMA $.value AS value NUMERIC";
    Doubles: #[index] f64 => "SCHEMA $.value AS value NUMERIC";
    Dates: #[index(sortable)] #[serde(with = "cache_core::epoch_millis")] DateTime<Utc>
        => "SCHEMA $.value AS value NUMERIC SORTABLE";
    Points: #[index] GeoPoint => "SCHEMA $.value AS value GEO";
    Shapes: #[index] GeoShape => "SCHEMA $.value AS value GEOSHAPE SPHERICAL";
    Vectors: #[index] Vector<f32, 3>
        => "SCHEMA $.value AS value VECTOR FLAT 6 TYPE FLOAT32 DIM 3 DISTANCE_METRIC COSINE";
    DoubleVectors: #[index] Vector<f64, 2>
        => "SCHEMA $.value AS value VECTOR FLAT 6 TYPE FLOAT64 DIM 2 DISTANCE_METRIC COSINE";
    HalfVectors: #[index] Vector<f16, 2>
        => "SCHEMA $.value AS value VECTOR FLAT 6 TYPE FLOAT16 DIM 2 DISTANCE_METRIC COSINE";
    BrainVectors: #[index] Vector<bf16, 2>
        => "SCHEMA $.value AS value VECTOR FLAT 6 TYPE BFLOAT16 DIM 2 DISTANCE_METRIC COSINE";

    // Options, lists, sets and maps.
    MaybeStrings: #[index] Option<String> => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    MaybeNumbers: #[index] Option<u32> => "SCHEMA $.value AS value NUMERIC";
    Lists: #[index] Vec<String> => "SCHEMA $.value[*] AS value TAG CASESENSITIVE INDEXEMPTY";
    Sets: #[index] BTreeSet<String> => "SCHEMA $.value[*] AS value TAG CASESENSITIVE INDEXEMPTY";
    HashSets: #[index] HashSet<u32> => "SCHEMA $.value[*] AS value NUMERIC";
    Arrays: #[index] [u16; 3] => "SCHEMA $.value[*] AS value NUMERIC";
    Maps: #[index] BTreeMap<String, String> => "SCHEMA $.value.* AS value TAG CASESENSITIVE INDEXEMPTY";
    HashMaps: #[index] HashMap<String, f64> => "SCHEMA $.value.* AS value NUMERIC";
    TextLists: #[index(text)] Vec<String> => "SCHEMA $.value[*] AS value TEXT";
    PointLists: #[index] Vec<GeoPoint> => "SCHEMA $.value[*] AS value GEO";

    // Kinds that are said.
    Tags: #[index(tag)] String => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Texts: #[index(text)] String => "SCHEMA $.value AS value TEXT";
    Numbers: #[index(numeric)] u64 => "SCHEMA $.value AS value NUMERIC";
    Geos: #[index(geo)] GeoPoint => "SCHEMA $.value AS value GEO";
    GeoShapes: #[index(geoshape)] GeoShape => "SCHEMA $.value AS value GEOSHAPE SPHERICAL";
    SaidVectors: #[index(vector)] Vector<f32, 2>
        => "SCHEMA $.value AS value VECTOR FLAT 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC COSINE";

    // Options of tags.
    SortedTags: #[index(sortable)] String => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY SORTABLE";
    UnfTags: #[index(sortable, unf)] String => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY SORTABLE UNF";
    OnlySortedTags: #[index(sortable, no_index)] #[index(text, name = "words")] String
        => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY SORTABLE NOINDEX $.value AS words TEXT";
    FoldedTags: #[index(fold_case)] String => "SCHEMA $.value AS value TAG INDEXEMPTY";
    CutTags: #[index(separator = ',')] String => "SCHEMA $.value AS value TAG SEPARATOR , CASESENSITIVE INDEXEMPTY";
    SuffixTags: #[index(with_suffix_trie)] String
        => "SCHEMA $.value AS value TAG CASESENSITIVE WITHSUFFIXTRIE INDEXEMPTY";
    MissingTags: #[index(index_missing)] #[serde(skip_serializing_if = "Option::is_none")] Option<String>
        => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY INDEXMISSING";
    AllOfTags: #[index(separator = ';', fold_case, with_suffix_trie, index_missing, sortable, unf)]
        #[serde(skip_serializing_if = "Option::is_none")] Option<String>
        => "SCHEMA $.value AS value TAG SEPARATOR ; WITHSUFFIXTRIE INDEXEMPTY INDEXMISSING SORTABLE UNF";

    // Options of texts.
    SortedTexts: #[index(text, sortable)] String => "SCHEMA $.value AS value TEXT SORTABLE";
    UnfTexts: #[index(text, sortable, unf)] String => "SCHEMA $.value AS value TEXT SORTABLE UNF";
    Unstemmed: #[index(text, no_stem)] String => "SCHEMA $.value AS value TEXT NOSTEM";
    Weighty: #[index(text, weight = 2.5)] String => "SCHEMA $.value AS value TEXT WEIGHT 2.5";
    English: #[index(text, phonetic = "en")] String => "SCHEMA $.value AS value TEXT PHONETIC dm:en";
    French: #[index(text, phonetic = "fr")] String => "SCHEMA $.value AS value TEXT PHONETIC dm:fr";
    Portuguese: #[index(text, phonetic = "pt")] String => "SCHEMA $.value AS value TEXT PHONETIC dm:pt";
    Spanish: #[index(text, phonetic = "es")] String => "SCHEMA $.value AS value TEXT PHONETIC dm:es";
    SuffixTexts: #[index(text, with_suffix_trie)] String => "SCHEMA $.value AS value TEXT WITHSUFFIXTRIE";
    EmptyTexts: #[index(text, index_empty)] String => "SCHEMA $.value AS value TEXT INDEXEMPTY";
    MissingTexts: #[index(text, index_missing)] #[serde(skip_serializing_if = "Option::is_none")] Option<String>
        => "SCHEMA $.value AS value TEXT INDEXMISSING";
    AllOfTexts: #[index(text, weight = 0.5, no_stem, phonetic = "en", with_suffix_trie, index_empty, sortable, unf)] String
        => "SCHEMA $.value AS value TEXT WEIGHT 0.5 NOSTEM PHONETIC dm:en WITHSUFFIXTRIE INDEXEMPTY SORTABLE UNF";

    // Options of numbers and places.
    SortedNumbers: #[index(sortable)] i32 => "SCHEMA $.value AS value NUMERIC SORTABLE";
    UnfNumbers: #[index(sortable, unf)] i32 => "SCHEMA $.value AS value NUMERIC SORTABLE UNF";
    OnlySortedNumbers: #[index(sortable, no_index)] #[index(name = "again")] f64
        => "SCHEMA $.value AS value NUMERIC SORTABLE NOINDEX $.value AS again NUMERIC";
    MissingNumbers: #[index(index_missing)] #[serde(skip_serializing_if = "Option::is_none")] Option<i16>
        => "SCHEMA $.value AS value NUMERIC INDEXMISSING";
    MissingPoints: #[index(index_missing)] #[serde(skip_serializing_if = "Option::is_none")] Option<GeoPoint>
        => "SCHEMA $.value AS value GEO INDEXMISSING";
    FlatShapes: #[index(flat)] GeoShape => "SCHEMA $.value AS value GEOSHAPE FLAT";
    RoundShapes: #[index(spherical)] Option<GeoShape> => "SCHEMA $.value AS value GEOSHAPE SPHERICAL";

    // Options of vectors.
    SaidFlat: #[index(flat)] Vector<f32, 4>
        => "SCHEMA $.value AS value VECTOR FLAT 6 TYPE FLOAT32 DIM 4 DISTANCE_METRIC COSINE";
    FlatVectors: #[index(flat, distance_metric = "ip", initial_cap = 7, block_size = 16)] Vector<f32, 4>
        => "SCHEMA $.value AS value VECTOR FLAT 10 TYPE FLOAT32 DIM 4 DISTANCE_METRIC IP INITIAL_CAP 7 BLOCK_SIZE 16";
    Graphs: #[index(hnsw)] Vector<f32, 4>
        => "SCHEMA $.value AS value VECTOR HNSW 6 TYPE FLOAT32 DIM 4 DISTANCE_METRIC COSINE";
    AllOfGraphs: #[index(
        hnsw, distance_metric = "l2", initial_cap = 7, m = 12, ef_construction = 100, ef_runtime = 20, epsilon = 0.5
    )] Vector<f64, 4>
        => "SCHEMA $.value AS value VECTOR HNSW 16 TYPE FLOAT64 DIM 4 DISTANCE_METRIC L2 INITIAL_CAP 7 M 12 EF_CONSTRUCTION 100 EF_RUNTIME 20 EPSILON 0.5";

    // Names.
    Named: #[index(name = "other")] String => "SCHEMA $.value AS other TAG CASESENSITIVE INDEXEMPTY";
    Renamed: #[index] #[serde(rename = "short")] u32 => "SCHEMA $.short AS short NUMERIC";
    Quoted: #[index(name = "quoted")] #[serde(rename = "val-ue")] u32 => "SCHEMA $[\"val-ue\"] AS quoted NUMERIC";
    Twice: #[index] #[index(text, name = "words")] String
        => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY $.value AS words TEXT";
    SaidType: #[index(as = String)] std::net::IpAddr => "SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";

    // Parts.
    WithPart: #[embedded] Part
        => "SCHEMA $.value.size AS value_size NUMERIC SORTABLE $.value.note AS value_note TEXT NOSTEM";
    // Answers cannot be sorted by one of many values.
    WithParts: #[embedded] Vec<Part>
        => "SCHEMA $.value[*].size AS value_size NUMERIC $.value[*].note AS value_note TEXT NOSTEM";
    WithMapOfParts: #[embedded] BTreeMap<String, Part>
        => "SCHEMA $.value.*.size AS value_size NUMERIC $.value.*.note AS value_note TEXT NOSTEM";
    WithMaybePart: #[embedded] Option<Box<Part>>
        => "SCHEMA $.value.size AS value_size NUMERIC SORTABLE $.value.note AS value_note TEXT NOSTEM";
    WithOuter: #[embedded] Outer
        => "SCHEMA $.value.parts[*].size AS value_parts_size NUMERIC $.value.parts[*].note AS value_parts_note TEXT NOSTEM";

    // Models.
    InGerman (#[cache(language = "german")]): #[index(text)] String => "LANGUAGE german SCHEMA $.value AS value TEXT";
    AllWords (#[cache(stopwords = [])]): #[index(text)] String => "STOPWORDS 0 SCHEMA $.value AS value TEXT";
    SomeWords (#[cache(stopwords = ["und", "der"])]): #[index(text)] String
        => "STOPWORDS 2 und der SCHEMA $.value AS value TEXT";
    Scored (#[cache(score = 0.5)]): #[index] String => "SCORE 0.5 SCHEMA $.value AS value TAG CASESENSITIVE INDEXEMPTY";
    Filtered (#[cache(filter = "@value > 17")]): #[index] u32 => "FILTER @value > 17 SCHEMA $.value AS value NUMERIC";
    OnOneSlot (#[cache(hash_tag)]): #[index] u32 => "SCHEMA $.value AS value NUMERIC";
    Elsewhere (#[cache(prefix = "other_prefix", ttl = "30m", jitter = 0.1, schema_version = 2)]): #[index] u32
        => "SCHEMA $.value AS value NUMERIC";
    AllOfModels (#[cache(language = "french", stopwords = ["le"], score = 0.25, filter = "exists(@value)")]):
        #[index(text, sortable)] String
        => "FILTER exists(@value) LANGUAGE french SCORE 0.25 STOPWORDS 1 le SCHEMA $.value AS value TEXT SORTABLE";
}
