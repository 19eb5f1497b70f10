//! RediSearch as data: what an index is, what a query means, how both are written as commands, and how the
//! replies read. No I/O, no async, no client: everything here can be tested without a server.
//!
//! | module's subject | types |
//! |---|---|
//! | commands and replies | [`Command`], [`Batch`], [`Route`], [`Reply`], [`ServerError`] |
//! | names | [`Keyspace`], [`HashTag`], [`Beside`], [`hashed_part`], [`check_name`] |
//! | schemas | [`Schema`], [`FieldDef`], [`Fingerprint`], [`Stopwords`], [`IndexSchema`] |
//! | documents that fit them | [`check_indexable`], [`assert_indexable`], [`NotIndexable`] |
//! | kinds and values | [`Kind`], [`Tag`], [`Numeric`], [`Text`], [`Geo`], [`GeoShapeKind`], [`VectorKind`], [`Stored`], [`IndexValue`], [`Indexable`], [`Operand`] |
//! | values of our own | [`GeoPoint`], [`Distance`], [`Vector`], `GeoShape` (feature `geo`), [`Epoch`] and its modules |
//! | queries | [`Field`], [`Filter`], [`Phrase`], [`Reading`], [`RawQuery`], [`Nearest`], [`SortKey`], [`FindBy`], [`SearchRequest`], [`CursorRequest`], [`SearchOptions`], [`Loads`], [`Member`], [`ReadFrom`] |
//! | around queries | [`SuggestionCommands`], [`SuggestRequest`], [`DictionaryCommands`], [`SpellingRequest`], [`SynonymUpdate`], [`TagValues`], [`TermError`] |
//! | aggregations | [`aggregate`], [`AggregateError`] |
//! | names of others in messages | [`printed`], [`printed_lines`], [`text_of`] |
//! | answers | [`SearchAnswer`], [`Hit`], [`Unread`], [`Completeness`], [`Shortfall`], [`IndexInfo`], [`IndexDefinition`], [`Difference`] |
//!
//! Most people use this crate through `cache-core`, which adds connections and everything that talks.

// A file imports from those before it: printed, command, path, aggregate_error, raw_error, name_error, decode_error, geo_error, error, pattern, reply, escape, keyspace, kind, vector, operand, value, value_*, epoch, geo, shape, unique, strict, json, schema, params,
// text, fuzzy, phrase, reading, filter, sort, reads, field, finder, finder_decimal, embedded, indexable, search, decode, aggregate, terms.

pub mod aggregate;
mod aggregate_error;
mod command;
mod decode;
mod decode_error;
mod embedded;
mod epoch;
mod error;
mod escape;
mod field;
mod filter;
mod finder;
#[cfg(feature = "rust_decimal")]
mod finder_decimal;
mod fuzzy;
mod geo;
mod geo_error;
mod indexable;
mod json;
mod keyspace;
mod kind;
mod name_error;
mod operand;
mod params;
mod path;
mod pattern;
mod phrase;
mod printed;
mod raw_error;
mod reading;
mod reads;
mod reply;
mod schema;
mod search;
#[cfg(feature = "geo")]
mod shape;
mod sort;
mod strict;
mod terms;
mod text;
mod unique;
mod value;
#[cfg(feature = "ulid")]
mod value_ulid;
#[cfg(feature = "url")]
mod value_url;
#[cfg(feature = "uuid")]
mod value_uuid;
mod value_vector;
mod vector;
#[cfg(feature = "half")]
mod vector_half;

pub use aggregate_error::AggregateError;
pub use command::{Batch, Command, Route};
pub use decode::{
    Completeness, Difference, FieldFailure, Hit, IndexDefinition, IndexInfo, IndexedField, SearchAnswer,
    Shortfall, Unread,
};
pub use embedded::{Each, Embedded, EmbeddedFields, One, Shape, Single, Values};
#[cfg(feature = "rust_decimal")]
pub use epoch::{DecimalForm, DecimalNumber, decimal_number};
pub use epoch::{
    Epoch, EpochNumber, EpochValue, FloatSeconds, Form, HasForm, KnownForm, Millis, NoForm, Seconds, Unit,
    Written, default_form, epoch_float_seconds, epoch_millis, epoch_seconds,
};
pub use error::{DecodeError, GeoError, MAX_SEPARATED_TAG, MAX_TAG, NameError, QueryError};
pub use field::{
    Field, IndexesEmpty, IndexesMissing, No, Options, Part, Phonetic, Sortable, SuffixTrie, Yes,
    any_embedded, embedded_as,
};
pub use filter::{Filter, Nearest, NumericRange, RawQuery, RawValue, Rendered};
pub use finder::FindBy;
pub use geo::{Distance, GeoPoint};
pub use indexable::{NotIndexable, assert_indexable, check_document, check_indexable};
pub use json::{Strings, write_json, write_json_seen};
pub use keyspace::{DEFAULT_GLOBAL, Keyspace, check_name};
pub use kind::{
    Comparable, FieldKind, Geo, GeoShapeKind, Kind, Located, Numeric, Ordered, Prefixed, Shaped, Similar,
    Stored, Suffixed, Tag, Text, VectorKind, Wild, Worded,
};
pub use params::Params;
pub use path::{FieldPath, Many, Nested, Path, Root, SearchName, Step};
pub use phrase::Phrase;
pub use printed::{Printed, printed, printed_lines, text_of};
pub use raw_error::RawQueryError;
pub use reading::Reading;
pub use reads::{
    ByModule, ByOther, OfEach, OfEachIfAny, OfEachOrMissing, OrMissing, ReadFrom, ReadMode, ReadWith, Same,
};
pub use reply::{Reply, ServerError, ServerErrorKind};
pub use schema::{
    Beside, DistanceMetric, Entry, FieldDef, Fingerprint, FingerprintError, HashTag, IndexSchema, Language,
    Schema, Stopwords, VectorOptions, hashed_part,
};
pub use search::{CursorRequest, IsScalar, Loads, Member, NotScalar, Scorer, SearchOptions, SearchRequest};
#[cfg(feature = "geo")]
pub use shape::GeoShape;
pub use sort::{Direction, SortKey};
pub use terms::{
    Correction, DictionaryCommands, Misspelled, NewSuggestion, SpellingRequest, SuggestRequest, Suggestion,
    SuggestionCommands, SynonymGroups, SynonymUpdate, TagValues, Tagged, TermError,
};
pub use unique::{UniqueOperand, UniqueValue, unique_member};
pub use value::{
    Comparand, FlatValue, IndexValue, Indexable, JsonType, ListValue, Operand, OptionalValue, ScalarValue,
    ShapeValue, SortableValue, TextValue, VectorValue,
};
pub use vector::{ElementType, Vector, VectorElement, VectorLengthError, VectorType};
