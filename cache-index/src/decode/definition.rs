//! What an index was made to be: read from `FT.INFO`, or expected of a schema, in one form that can be compared.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use super::text::{text, texts};
use crate::error::DecodeError;
use crate::keyspace::Keyspace;
use crate::kind::FieldKind;
use crate::printed::printed;
use crate::reply::Reply;
use crate::schema::{FieldDef, Language, Schema, Stopwords};
use crate::value::JsonType;

/// The words of an attribute that stand alone.
const FLAGS: [&str; 7] =
    ["CASESENSITIVE", "SORTABLE", "NOSTEM", "NOINDEX", "WITHSUFFIXTRIE", "INDEXEMPTY", "INDEXMISSING"];

/// The options of an index that change what it answers: without offsets no phrase is told from its words, without fields a word
/// is found in any TEXT field, without frequencies all documents score alike. `NOHL` and `MAXTEXTFIELDS` change no answer.
pub(super) const LEAVING_OUT: [&str; 3] = ["NOOFFSETS", "NOFIELDS", "NOFREQS"];

/// What an index was made to be, as far as `FT.INFO` tells. It hides PHONETIC, EF_RUNTIME, EPSILON, INITIAL_CAP and
/// BLOCK_SIZE; and UNF, which every sortable field of a JSON index has, is left out.
///
/// ```
/// use cache_index::{Keyspace, Language, Schema};
///
/// static ARTICLE: Schema = Schema::new("Article", "article", "id", &[]).with_language(Language::German);
/// let definition = ARTICLE.definition(&Keyspace::default());
/// assert_eq!((definition.prefixes, definition.language), (vec!["cache:article:".to_owned()], "german".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct IndexDefinition {
    /// `JSON` or `HASH`.
    pub key_type: String,
    /// What the keys of its documents begin with, in order; bytes that are no text as `\xff`.
    pub prefixes: Vec<String>,
    /// The same as they are, where one of them is no text.
    #[serde(skip)]
    binary_prefixes: Option<Vec<Bytes>>,
    /// The expression that says which documents are in it; `None`: all.
    pub filter: Option<String>,
    /// The language whose rules stem the words of TEXT fields.
    pub language: String,
    /// What a document counts in scores.
    pub score: f64,
    /// The words that TEXT fields leave out; `None`: the server's own list.
    pub stopwords: Option<Vec<String>>,
    /// What it leaves out, so that it answers otherwise: `NOOFFSETS`, `NOFIELDS` and `NOFREQS`, sorted. No model's index does.
    pub leaves_out: Vec<String>,
    /// The fields, in order.
    pub fields: Vec<IndexedField>,
}

/// A field of an index.
///
/// ```
/// use cache_index::{Entry, FieldDef, Keyspace, Schema, Tag};
///
/// static USER: Schema =
///     Schema::new("User", "user", "id", &[Entry::Field(FieldDef::indexed::<String, Tag>("email", "email"))]);
/// let fields = USER.definition(&Keyspace::default()).fields;
/// assert_eq!(fields[0].to_string(), "$.email AS email TAG CASESENSITIVE INDEXEMPTY");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct IndexedField {
    /// The JSONPath of its values.
    pub path: String,
    /// The name that queries use.
    pub name: String,
    /// RediSearch's word for its kind.
    pub kind: String,
    /// Its options, sorted: `CASESENSITIVE`, `WEIGHT 2`, `DIM 3`. Defaults of the server are left out, those of vectors
    /// are written out.
    pub options: Vec<String>,
}

impl fmt::Display for IndexedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} AS {} {}", printed(&self.path), printed(&self.name), printed(&self.kind))?;
        self.options.iter().try_for_each(|option| write!(f, " {}", printed(option)))
    }
}

impl Schema {
    /// What this schema's index is in a namespace; compare it with what `FT.INFO` tells of the one that is there.
    pub fn definition(&self, keyspace: &Keyspace) -> IndexDefinition {
        let mut prefix = Vec::new();
        self.write_key_start(keyspace, &mut prefix);
        IndexDefinition {
            key_type: "JSON".to_owned(),
            prefixes: vec![String::from_utf8_lossy(&prefix).into_owned()],
            binary_prefixes: None,
            filter: self.filter().map(str::to_owned),
            language: self.language().name().to_owned(),
            score: self.score().and_then(|score| score.parse().ok()).unwrap_or(1.0),
            stopwords: match self.stopwords() {
                Stopwords::Default => None,
                Stopwords::Words(words) => Some(words.iter().map(|word| (*word).to_owned()).collect()),
            },
            leaves_out: Vec::new(),
            fields: self.indexed().map(expected).collect(),
        }
    }
}

fn expected(field: &'static FieldDef) -> IndexedField {
    let words = field.options();
    let mut options: Vec<String> =
        FLAGS.iter().filter(|flag| words.iter().any(|word| word == *flag)).map(ToString::to_string).collect();
    match field.kind() {
        FieldKind::Tag => {
            options.extend(field.tag_separator().map(|separator| format!("SEPARATOR {separator}")));
        }
        FieldKind::Text => {
            let weight = words.iter().position(|word| word == "WEIGHT").and_then(|at| words.get(at + 1));
            options.extend(weight.and_then(|weight| weight.parse().ok()).and_then(weight_option));
        }
        FieldKind::GeoShape => {
            options.push(if field.is_flat() { "FLAT" } else { "SPHERICAL" }.to_owned());
        }
        FieldKind::Vector => {
            if let JsonType::Vector(of) = field.json() {
                let vector = field.vector_options();
                options.push(if vector.is_approximate() { "HNSW" } else { "FLAT" }.to_owned());
                options.push(format!("TYPE {}", of.element.keyword()));
                options.push(format!("DIM {}", of.dimension));
                options.push(format!("DISTANCE_METRIC {}", vector.distance_metric().keyword()));
                if vector.is_approximate() {
                    options.push(format!("M {}", vector.m.unwrap_or(16)));
                    options.push(format!("EF_CONSTRUCTION {}", vector.ef_construction.unwrap_or(200)));
                }
            }
        }
        FieldKind::Stored | FieldKind::Numeric | FieldKind::Geo => {}
    }
    options.sort();
    IndexedField {
        path: field.path(),
        name: field.name().to_string(),
        kind: field.kind().keyword().unwrap_or_default().to_owned(),
        options,
    }
}

fn weight_option(weight: f64) -> Option<String> {
    // Not as it was written: the server answers with a number.
    ((weight - 1.0).abs() > 1e-9).then(|| format!("WEIGHT {weight}"))
}

impl IndexDefinition {
    /// A definition with what the server leaves out where it is the default.
    pub(super) fn unread() -> Self {
        Self { language: Language::English.name().to_owned(), score: 1.0, ..Self::default() }
    }

    /// Reads the part `index_definition`.
    pub(super) fn read(&mut self, reply: Reply) -> Result<(), DecodeError> {
        for (name, value) in reply.into_pairs()? {
            match name.as_str() {
                Some("key_type") => self.key_type = text(&value),
                Some("prefixes") => self.read_prefixes(value)?,
                Some("filter") => self.filter = Some(text(&value)).filter(|filter| !filter.is_empty()),
                Some("default_language") => self.language = text(&value).to_lowercase(),
                Some("default_score") => self.score = value.as_double().unwrap_or(1.0),
                _ => {}
            }
        }
        Ok(())
    }

    fn read_prefixes(&mut self, reply: Reply) -> Result<(), DecodeError> {
        let prefixes = reply.into_items()?;
        self.prefixes = prefixes.iter().map(text).collect();
        if prefixes.iter().any(|prefix| prefix.as_str().is_none()) {
            let bytes = |prefix: &Reply| Bytes::copy_from_slice(prefix.as_bytes().unwrap_or_default());
            self.binary_prefixes = Some(prefixes.iter().map(bytes).collect());
        }
        Ok(())
    }

    /// What the keys of its documents begin with, as bytes.
    pub(super) fn prefix_bytes(&self) -> Vec<&[u8]> {
        match &self.binary_prefixes {
            Some(prefixes) => prefixes.iter().map(AsRef::as_ref).collect(),
            None => self.prefixes.iter().map(String::as_bytes).collect(),
        }
    }

    /// Reads the part `stopwords_list`, which is there if the list is not the server's own.
    pub(super) fn read_stopwords(&mut self, reply: Reply) -> Result<(), DecodeError> {
        self.stopwords = Some(texts(reply)?);
        Ok(())
    }

    /// Reads the part `index_options`.
    pub(super) fn read_options(&mut self, reply: Reply) -> Result<(), DecodeError> {
        let options = reply.into_items()?;
        let leaving_out =
            options.iter().filter_map(Reply::as_str).filter(|option| LEAVING_OUT.contains(option));
        self.leaves_out = leaving_out.map(str::to_owned).collect();
        self.leaves_out.sort();
        Ok(())
    }

    /// Reads the part `attributes`.
    pub(super) fn read_fields(&mut self, reply: Reply) -> Result<(), DecodeError> {
        self.fields = reply.into_items()?.into_iter().map(field).collect::<Result<_, _>>()?;
        Ok(())
    }
}

/// RESP3 has pairs and a list of flags; RESP2 one list, in which a name is followed by its value and a flag by nothing.
fn field(reply: Reply) -> Result<IndexedField, DecodeError> {
    let mut field = IndexedField::default();
    let mut words = reply.into_items()?.into_iter();
    while let Some(word) = words.next() {
        let Some(word) = word.as_str() else { continue };
        if let Some(flag) = FLAGS.iter().find(|flag| **flag == word) {
            field.options.push((*flag).to_owned());
            continue;
        }
        let mut value = || words.next().unwrap_or(Reply::Nil);
        match word {
            "identifier" => field.path = text(&value()),
            "attribute" => field.name = text(&value()),
            "type" => field.kind = text(&value()),
            "flags" => {
                let flags = texts(value())?;
                field.options.extend(flags.into_iter().filter(|flag| FLAGS.contains(&flag.as_str())));
            }
            "SEPARATOR" => {
                let separator = text(&value());
                if !separator.is_empty() {
                    field.options.push(format!("SEPARATOR {separator}"));
                }
            }
            "WEIGHT" => field.options.extend(value().as_double().and_then(weight_option)),
            "coord_system" | "algorithm" => field.options.push(text(&value())),
            "data_type" => field.options.push(format!("TYPE {}", text(&value()))),
            "dim" => field.options.push(format!("DIM {}", text(&value()))),
            "distance_metric" => field.options.push(format!("DISTANCE_METRIC {}", text(&value()))),
            "M" => field.options.push(format!("M {}", text(&value()))),
            "ef_construction" => field.options.push(format!("EF_CONSTRUCTION {}", text(&value()))),
            _ => {}
        }
    }
    field.options.sort();
    Ok(field)
}
