//! Answers of `FT.AGGREGATE`, and their rows read into structs.

use std::borrow::Cow;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::column::{Cell, Column};
use super::rendered::RenderedAggregate;
use crate::decode::{Shortfall, warnings};
use crate::error::DecodeError;
use crate::reply::Reply;

/// Rows of an aggregation, as far as one answer has them.
///
/// ```
/// use cache_index::Reply;
/// use cache_index::aggregate::AggregateAnswer;
///
/// let row = Reply::Array(vec![Reply::Bulk("r0".into()), Reply::Bulk("42".into())]);
/// let answer = AggregateAnswer::decode(Reply::Array(vec![Reply::Int(1), row]))?;
/// assert_eq!((answer.rows.len(), answer.shortfalls.len()), (1, 0));
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AggregateAnswer {
    /// The rows.
    pub rows: Vec<AggregateRow>,
    /// Why rows may be missing or reduced of too few documents, as far as the answer itself shows it.
    pub shortfalls: Vec<Shortfall>,
}

/// A row, as the server answered it.
///
/// ```
/// use cache_index::Reply;
/// use cache_index::aggregate::{AggregateAnswer, AggregatePlan, count};
/// # struct User;
///
/// #[derive(serde::Deserialize)]
/// struct Row {
///     users: u64,
/// }
/// let plan = AggregatePlan::<User>::all().reduce("users", count()).render()?;
/// let row = Reply::Array(vec![Reply::Bulk("r0".into()), Reply::Bulk("42".into())]);
/// let answer = AggregateAnswer::decode(Reply::Array(vec![Reply::Int(1), row]))?;
/// assert_eq!(answer.rows[0].read::<Row>(&plan)?.users, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateRow(Vec<(Reply, Reply)>);

impl AggregateRow {
    /// The row, read into a struct, or a map, by the names of the columns.
    ///
    /// Numbers are what the server computed, digit for digit: whole ones up to 2^53 are integers, others `f64`. What may be
    /// missing is an `Option`. Strings stay strings, whatever they look like.
    ///
    /// # Errors
    /// [`DecodeError::Column`] for a column that does not fit, [`DecodeError::Row`] if the struct needs another one.
    pub fn read<T: DeserializeOwned>(&self, plan: &RenderedAggregate) -> Result<T, DecodeError> {
        read(&self.0, &plan.columns)
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| size(name) + size(value)).sum()
    }
}

fn size(reply: &Reply) -> usize {
    let inner = match reply {
        Reply::Bulk(bytes) => bytes.len(),
        Reply::Array(items) => items.iter().map(size).sum(),
        _ => 0,
    };
    inner + size_of::<Reply>()
}

impl AggregateAnswer {
    /// Reads the answer, in the shape of either protocol.
    ///
    /// # Errors
    /// [`DecodeError`] if the reply has another shape than such answers have.
    pub fn decode(reply: Reply) -> Result<Self, DecodeError> {
        let mut answer = Self::default();
        match reply {
            Reply::Array(items) => {
                // The number of rows comes first, and is none: it counts what one step of the server's passed on.
                answer.rows = items
                    .into_iter()
                    .skip(1)
                    .map(|row| row.into_pairs().map(AggregateRow))
                    .collect::<Result<_, _>>()?;
            }
            Reply::Map(pairs) => {
                for (name, value) in pairs {
                    match name.as_str() {
                        Some("results") => {
                            answer.rows =
                                value.into_items()?.into_iter().map(attributes).collect::<Result<_, _>>()?;
                        }
                        Some("warning") => answer.shortfalls = warnings(&value),
                        _ => {}
                    }
                }
            }
            other => return Err(DecodeError::unexpected("rows", other.describe())),
        }
        Ok(answer)
    }

    /// Reads the answer to a request with a cursor: the rows, and the cursor to go on with; 0: there are no more.
    ///
    /// # Errors
    /// As [`AggregateAnswer::decode`].
    pub fn decode_cursor(reply: Reply) -> Result<(Self, u64), DecodeError> {
        let mut items = reply.into_items()?.into_iter();
        let answer = items.next().ok_or(DecodeError::Missing("the rows before the cursor"))?;
        let cursor = items.next().and_then(|cursor| u64::try_from(cursor.as_int()?).ok());
        Ok((Self::decode(answer)?, cursor.ok_or(DecodeError::Missing("the cursor"))?))
    }
}

fn attributes(row: Reply) -> Result<AggregateRow, DecodeError> {
    for (name, value) in row.into_pairs()? {
        if name.as_str() == Some("extra_attributes") {
            return value.into_pairs().map(AggregateRow);
        }
    }
    Err(DecodeError::Missing("extra_attributes"))
}

fn read<T: DeserializeOwned>(row: &[(Reply, Reply)], columns: &[Column]) -> Result<T, DecodeError> {
    let part =
        |alias: &str| row.iter().find(|(name, _)| name.as_str() == Some(alias)).map(|(_, value)| value);
    let mut cells = Vec::with_capacity(columns.len());
    for column in columns {
        cells.push((column.name.as_str(), column.read(part)?));
    }
    let mut reader = RowReader { cells: cells.into_iter(), value: None, failed: None };
    T::deserialize(MapReader(&mut reader)).map_err(|error| match reader.failed {
        Some(column) => DecodeError::Column { column: column.to_owned(), reason: error.to_string() },
        None => DecodeError::Row(error.to_string()),
    })
}

/// A row as serde reads it, which remembers the column that did not fit.
struct RowReader<'a> {
    cells: std::vec::IntoIter<(&'a str, Cell)>,
    value: Option<(&'a str, Cell)>,
    failed: Option<&'a str>,
}

struct MapReader<'r, 'a>(&'r mut RowReader<'a>);

impl<'de> de::Deserializer<'de> for MapReader<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, 'a> MapAccess<'de> for MapReader<'_, 'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.0.value = self.0.cells.next();
        let Some((name, _)) = &self.0.value else { return Ok(None) };
        let key: StrDeserializer<'_, Error> = (*name).into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((name, cell)) = self.0.value.take() else {
            return Err(de::Error::custom("a value was read twice"));
        };
        seed.deserialize(cell).inspect_err(|_| self.0.failed = Some(name))
    }
}

impl<'de> de::Deserializer<'de> for Cell {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Int(value) => match u64::try_from(value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(value),
            },
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(value) => visitor.visit_string(value),
            Self::List(cells) => visitor.visit_seq(Cells(cells.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            other => visitor.visit_some(other),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Text(name) => visitor.visit_enum(Cow::<str>::Owned(name).into_deserializer()),
            other => other.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Cells(std::vec::IntoIter<Cell>);

impl<'de> SeqAccess<'de> for Cells {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|cell| seed.deserialize(cell)).transpose()
    }
}
