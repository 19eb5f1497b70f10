//! A model's schema as data: its name, its prefix, its fields, and what index they make.

mod create;
mod distinct;
mod field_def;
mod filter;
mod fingerprint;
mod key;
mod language;
mod message;
mod options;
mod reading;
mod stopwords;
mod truths;
mod vector_options;

use std::sync::OnceLock;

use self::fingerprint::Canon;
use crate::keyspace::Keyspace;

pub use field_def::FieldDef;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use key::{Beside, HashTag, hashed_part};
pub use language::Language;
pub use stopwords::Stopwords;
pub use vector_options::{DistanceMetric, VectorOptions};

/// A field of a model or of an embedded struct, or the fields of a struct that is embedded there.
///
/// ```
/// use cache_index::{Entry, FieldDef, Numeric, Schema, Tag};
///
/// static USER: Schema = Schema::new(
///     "User",
///     "user",
///     "id",
///     &[
///         Entry::Field(FieldDef::indexed::<u8, Numeric>("age", "age")),
///         Entry::Embedded(&[Entry::Field(FieldDef::indexed::<String, Tag>("city", "city"))]),
///     ],
/// );
/// assert_eq!(USER.fields().map(|field| field.path()).collect::<Vec<_>>(), ["$.age", "$.city"]);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Entry {
    /// A field.
    Field(FieldDef),
    /// An embedded struct's fields.
    Embedded(&'static [Entry]),
}

fn flat(entries: &'static [Entry]) -> Vec<&'static FieldDef> {
    entries
        .iter()
        .flat_map(|entry| match entry {
            Entry::Field(field) => vec![field],
            Entry::Embedded(entries) => flat(entries),
        })
        .collect()
}

/// What a model is to the server. Made once, in a `static`, by `#[derive(CacheModel)]`.
///
/// ```
/// use cache_index::{Entry, FieldDef, Keyspace, Schema, Tag};
///
/// static USER: Schema =
///     Schema::new("User", "user", "id", &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"))]);
/// let command = USER.create_index(&Keyspace::default()).expect("it has an indexed field");
/// let words: Vec<_> = command.args().map(String::from_utf8_lossy).collect();
/// assert!(words.join(" ").ends_with("SCHEMA $.email AS email TAG CASESENSITIVE INDEXEMPTY"));
/// ```
#[derive(Debug)]
pub struct Schema {
    model: &'static str,
    prefix: &'static str,
    primary_key: &'static str,
    further_keys: &'static [&'static str],
    hash_tag: HashTag,
    fields: &'static [Entry],
    stopwords: Stopwords,
    language: Language,
    score: Option<&'static str>,
    filter: Option<&'static str>,
    version: Option<(&'static str, u64)>,
    unique: &'static [&'static [&'static str]],
    // SHA-256 in const evaluation costs about a millisecond a model at every build; at run time it costs
    // microseconds once a process.
    fingerprint: OnceLock<Fingerprint>,
}

impl Schema {
    /// The schema of a model: its Rust name, the prefix of its keys, the JSON member that holds its primary
    /// key, and its fields in order.
    ///
    /// # Panics
    /// In const evaluation, as a message of the compiler: if a flattened struct has a member that another field has too,
    /// so that documents could not be read back, or an embedded list an indexed `bool`, so that the server would leave
    /// documents out of the index.
    pub const fn new(
        model: &'static str,
        prefix: &'static str,
        primary_key: &'static str,
        fields: &'static [Entry],
    ) -> Self {
        distinct::assert_distinct(model, fields);
        truths::assert_single(model, fields);
        Self {
            model,
            prefix,
            primary_key,
            further_keys: &[],
            hash_tag: HashTag::None,
            fields,
            stopwords: Stopwords::Default,
            language: Language::English,
            score: None,
            filter: None,
            version: None,
            unique: &[],
            fingerprint: OnceLock::new(),
        }
    }

    /// The same schema with a primary key of several parts: these JSON members hold those behind the first.
    pub const fn with_further_keys(mut self, members: &'static [&'static str]) -> Self {
        self.further_keys = members;
        self
    }

    /// The same schema with documents that share a slot of a cluster.
    pub const fn with_hash_tag(mut self, tag: HashTag) -> Self {
        self.hash_tag = tag;
        self
    }

    /// The same schema with TEXT fields that leave out these words, given in lower case, in place of RediSearch's own.
    pub const fn with_stopwords(mut self, words: &'static [&'static str]) -> Self {
        self.stopwords = Stopwords::Words(words);
        self
    }

    /// The same schema with its words stemmed by the rules of another language than English.
    pub const fn with_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// The same schema with documents that count this much in scores, in place of 1; a decimal number from 0 to 1.
    pub const fn with_score(mut self, score: &'static str) -> Self {
        self.score = Some(score);
        self
    }

    /// The same schema with an index of only those documents for which this expression of RediSearch's is true.
    pub const fn with_filter(mut self, expression: &'static str) -> Self {
        self.filter = Some(expression);
        self
    }

    /// The same schema with a version in this JSON member, which counts up to `most`. No part of the index.
    pub const fn with_version(mut self, member: &'static str, most: u64) -> Self {
        self.version = Some((member, most));
        self
    }

    /// The same schema with values that no two documents share: each time those of these JSON members together. No part
    /// of the index.
    pub const fn with_unique(mut self, members: &'static [&'static [&'static str]]) -> Self {
        self.unique = members;
        self
    }

    /// The model's name in Rust, for messages.
    pub fn model(&self) -> &'static str {
        self.model
    }

    /// What the model's keys have between the namespace and the id.
    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// The JSON members that hold the primary key: one, or one for each part in the order of the struct.
    pub fn primary_key(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.primary_key).chain(self.further_keys.iter().copied())
    }

    /// Which documents share a slot of a cluster.
    pub fn hash_tag(&self) -> HashTag {
        self.hash_tag
    }

    /// All fields, in the order of the structs, those of embedded structs in their place; also those without an
    /// index.
    pub fn fields(&self) -> impl Iterator<Item = &'static FieldDef> + use<> {
        flat(self.fields).into_iter()
    }

    /// The fields that are in the index, in the order of the structs.
    pub fn indexed(&self) -> impl Iterator<Item = &'static FieldDef> + use<> {
        self.fields().filter(|field| field.is_indexed())
    }

    /// Whether the model has an index at all.
    pub fn is_indexed(&self) -> bool {
        self.indexed().next().is_some()
    }

    /// The words that the index leaves out of TEXT fields.
    pub fn stopwords(&self) -> Stopwords {
        self.stopwords
    }

    /// The language whose rules stem the words of TEXT fields.
    pub fn language(&self) -> Language {
        self.language
    }

    /// What a document counts in scores, if it is not 1.
    pub fn score(&self) -> Option<&'static str> {
        self.score
    }

    /// The expression that says which documents are in the index; `None`: all.
    pub fn filter(&self) -> Option<&'static str> {
        self.filter
    }

    /// The JSON member that holds the version, and the highest that its type counts to; `None`: there is no version.
    pub fn version(&self) -> Option<(&'static str, u64)> {
        self.version
    }

    /// The JSON members whose values no two documents share, each time those of several together.
    pub fn unique(&self) -> &'static [&'static [&'static str]] {
        self.unique
    }

    /// The first name in the filter that no indexed field has; the server would take it for a field that every document
    /// lacks.
    pub fn unknown_in_filter(&self) -> Option<String> {
        let names: Vec<String> = self.indexed().map(|field| field.name().to_string()).collect();
        filter::names(self.filter?).into_iter().find(|name| !names.contains(name))
    }

    /// The name of this schema's index in a namespace.
    pub fn index_name(&self, keyspace: &Keyspace) -> String {
        // The digits, and what stands before each part.
        let mut name = String::with_capacity(keyspace.global().len() + self.prefix.len() + 18);
        self.push_alias(keyspace, &mut name);
        name.push(':');
        name.push_str(&self.fingerprint().to_string());
        name
    }

    /// The name under which people and other tools find the active index of the model in a namespace.
    pub fn alias(&self, keyspace: &Keyspace) -> String {
        let mut alias = String::new();
        self.push_alias(keyspace, &mut alias);
        alias
    }

    fn push_alias(&self, keyspace: &Keyspace, name: &mut String) {
        for part in [keyspace.global(), ":", self.prefix, ":idx"] {
            name.push_str(part);
        }
    }

    /// The identity of the index: equal fingerprints, equal indexes.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.fingerprint.get_or_init(|| fingerprint::of(self, Canon::NOW, &|_| true))
    }

    /// The identities that earlier versions of this crate gave to the same index, the newest first.
    pub fn earlier_fingerprints(&self) -> Vec<Fingerprint> {
        Canon::EARLIER.iter().map(|canon| fingerprint::of(self, *canon, &|_| true)).collect()
    }

    /// The identities that the index would have if it had only those fields whose search names are wanted: by this
    /// version of the crate, and by the earlier ones.
    ///
    /// They tell whether a schema is an older one and fields more, in all options, also in those that the server does not
    /// tell of an index.
    pub fn fingerprints_of(&self, wanted: impl Fn(&str) -> bool) -> Vec<Fingerprint> {
        let canons = [Canon::NOW].into_iter().chain(Canon::EARLIER);
        canons.map(|canon| fingerprint::of(self, canon, &wanted)).collect()
    }
}

/// A type whose documents have a [`Schema`]. Implemented by `#[derive(CacheModel)]`.
///
/// ```
/// use cache_index::{IndexSchema, Keyspace, Schema};
///
/// // What `#[derive(CacheModel)]` writes:
/// struct User;
/// impl IndexSchema for User {
///     fn schema() -> &'static Schema {
///         static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
///         &SCHEMA
///     }
/// }
///
/// fn alias<M: IndexSchema>(keyspace: &Keyspace) -> String {
///     M::schema().alias(keyspace)
/// }
/// assert_eq!(alias::<User>(&Keyspace::default()), "cache:user:idx");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache model",
    note = "add `#[derive(CacheModel)]` to the struct and mark one field with `#[primary_key]`"
)]
pub trait IndexSchema {
    /// The schema, the same at every call.
    fn schema() -> &'static Schema;
}
