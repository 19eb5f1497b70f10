//! The nearest vectors: how many, near to which, and how that is asked together with a filter.

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;

use super::near::distance;
use super::node::Node;
use super::reader::Reader;
use super::render::{Rendered, render};
use crate::error::QueryError;
use crate::schema::{FieldDef, IndexSchema};

/// The name under which the server answers distances; underscores are added where a field has it.
pub(crate) const DISTANCE: &str = "__distance";

/// The `k` documents of model `M` whose vectors are nearest to another. Made by [`Field::nearest`](crate::Field::nearest).
///
/// ```
/// # use cache_index::{Field, FieldDef, Filter, IndexSchema, Nearest, No, Options, Schema, Vector, VectorKind};
/// # struct Book;
/// # impl IndexSchema for Book {
/// #     fn schema() -> &'static Schema {
/// #         static SCHEMA: Schema = Schema::new("Book", "book", "id", &[]);
/// #         &SCHEMA
/// #     }
/// # }
/// # impl Book {
/// #     const EMBEDDING: Field<Book, Vector<f32, 2>, VectorKind, Options<No>> =
/// #         Field::new(FieldDef::indexed::<Vector<f32, 2>, VectorKind>("embedding", "embedding"));
/// # }
/// let nearest = Book::EMBEDDING.nearest(10, &Vector::from([0.5, 1.0]));
/// let rendered = nearest.render(&Filter::<Book>::all().render()?)?;
/// assert_eq!(rendered.text(), "*=>[KNN $p0 @embedding $p1 AS __distance]");
/// assert_eq!(rendered.distance(), Some("__distance"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub struct Nearest<M> {
    field: FieldDef,
    asked: Result<Asked, QueryError>,
    model: PhantomData<fn() -> M>,
}

#[derive(Debug, Clone, PartialEq)]
struct Asked {
    k: u64,
    blob: Vec<u8>,
    numbers: Vec<f64>,
    ef_runtime: Option<u32>,
}

/// The most that the server takes as a number of nearest documents (`MAX_KNN_K` of RediSearch is 2^58); more than an
/// answer can have.
const MOST: u64 = i32::MAX as u64;

impl<M> Nearest<M> {
    pub(crate) fn new(field: FieldDef, k: u64, blob: Vec<u8>, numbers: Vec<f64>) -> Self {
        let asked = if k == 0 {
            Err(QueryError::NoNearest { field: field.name() })
        } else if k > MOST {
            Err(QueryError::TooManyNearest { field: field.name(), k, most: MOST })
        } else if !numbers.iter().all(|number| number.is_finite()) {
            Err(QueryError::NotFiniteVector { field: field.name() })
        } else if distance_to_itself(&field, &numbers).is_nan() {
            Err(QueryError::NoDirection { field: field.name() })
        } else {
            Ok(Asked { k, blob, numbers, ef_runtime: None })
        };
        Self { field, asked, model: PhantomData }
    }

    /// How many candidates the server keeps while it searches, in place of the field's own `ef_runtime` (10 if it says none): more find
    /// what is nearest more surely, and take longer. Only for fields with `#[index(hnsw)]`; at others, and of 0, it is
    /// refused.
    #[must_use]
    pub fn ef_runtime(mut self, candidates: u32) -> Self {
        let field = self.field;
        self.asked = self.asked.and_then(|asked| {
            if candidates == 0 || !field.vector_options().is_approximate() {
                return Err(QueryError::EfRuntime { field: field.name() });
            }
            Ok(Asked { ef_runtime: Some(candidates), ..asked })
        });
        self
    }

    /// How many documents are asked for.
    ///
    /// # Errors
    /// [`QueryError`] if an operand was refused.
    pub fn k(&self) -> Result<u64, QueryError> {
        self.asked.as_ref().map(|asked| asked.k).map_err(Clone::clone)
    }

    /// How far a document's vector is, computed here in doubles; of a list of vectors, the nearest one. `None`: it has none.
    ///
    /// # Errors
    /// [`QueryError`] if an operand was refused.
    pub fn distance_to_json(&self, document: &Value) -> Result<Option<f64>, QueryError> {
        let asked = self.asked.as_ref().map_err(Clone::clone)?;
        let values = self.field.values(document).into_iter();
        Ok(values.filter_map(|value| distance(&self.field, value, &asked.numbers)).min_by(f64::total_cmp))
    }
}

impl<M: IndexSchema> Nearest<M> {
    /// The query for the nearest among the documents that pass a filter.
    ///
    /// The server answers them in no order unless it is told to sort by [`Rendered::distance`], and ten unless it is told
    /// a limit.
    ///
    /// # Errors
    /// [`QueryError`] if an operand was refused, and for a filter that the server decides [only in
    /// part](Rendered::is_inexact), since the nearest would then be looked for among too many.
    pub fn render(&self, filter: &Rendered) -> Result<Rendered, QueryError> {
        let asked = self.asked.as_ref().map_err(Clone::clone)?;
        if let Some(what) = filter.inexact() {
            return Err(QueryError::NearestOfInexact { what });
        }
        let mut rendered = filter.clone();
        if filter.is_nothing() {
            return Ok(rendered);
        }
        // A name that no field has; the server would refuse it.
        let mut name = DISTANCE.to_owned();
        while M::schema().fields().any(|field| field.name().to_string() == name) {
            name.push('_');
        }
        let (text, params) = (&mut rendered.text, &mut rendered.params);
        if text != "*" {
            *text = format!("({text})");
        }
        text.push_str("=>[KNN ");
        params.bind(text, asked.k.to_string());
        text.push_str(&format!(" @{} ", self.field.name()));
        params.bind(text, asked.blob.as_slice());
        if let Some(candidates) = asked.ef_runtime {
            text.push_str(" EF_RUNTIME ");
            params.bind(text, candidates.to_string());
        }
        text.push_str(&format!(" AS {name}]"));
        rendered.distance = Some(name);
        Ok(rendered)
    }
}

fn distance_to_itself(field: &FieldDef, numbers: &[f64]) -> f64 {
    field.vector_options().distance_metric().between(numbers, numbers)
}

/// The query text for all documents, with references in place of values. If it is refused, why, without the value.
impl<M: IndexSchema> fmt::Display for Nearest<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match render(&Node::All, Reader::of(M::schema())).and_then(|all| self.render(&all)) {
            Ok(rendered) => f.write_str(rendered.text()),
            Err(error) => write!(f, "refused: {}", error.redacted()),
        }
    }
}

impl<M> Clone for Nearest<M> {
    fn clone(&self) -> Self {
        Self { field: self.field, asked: self.asked.clone(), model: PhantomData }
    }
}

impl<M> fmt::Debug for Nearest<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nearest").field("field", &self.field.name()).field("asked", &self.asked).finish()
    }
}
