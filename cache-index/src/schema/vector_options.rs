//! How vectors are indexed: the algorithm, the distance, and the parameters of both.

use std::fmt::Display;

use crate::vector::VectorType;

/// How far apart two vectors are.
///
/// ```
/// # use cache_index::*;
/// # struct Book;
/// # impl Book {
/// #     const EMBEDDING: Field<Book, Vector<f32, 2>, VectorKind, Options<No>> = Field::indexed("embedding", "embedding").distance_metric(DistanceMetric::L2);
/// # }
/// let metric = Book::EMBEDDING.def().vector_options().distance_metric();
/// assert_eq!(metric.keyword(), "L2");
/// assert_eq!(DistanceMetric::default().keyword(), "COSINE");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DistanceMetric {
    /// One minus the cosine of the angle between them: 0 to 2. The usual one for embeddings of texts.
    #[default]
    Cosine,
    /// The square of the Euclidean distance.
    L2,
    /// One minus the inner product. For vectors of length 1.
    Ip,
}

impl DistanceMetric {
    /// RediSearch's word for it.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Cosine => "COSINE",
            Self::L2 => "L2",
            Self::Ip => "IP",
        }
    }

    /// The distance, computed in doubles. The server computes in the index's own number type, so that the last digits
    /// may differ.
    pub(crate) fn between(self, one: &[f64], other: &[f64]) -> f64 {
        let sum = |of: &dyn Fn(f64, f64) -> f64| {
            one.iter().zip(other).map(|(one, other)| of(*one, *other)).sum::<f64>()
        };
        let product = sum(&|one, other| one * other);
        match self {
            Self::L2 => sum(&|one, other| (one - other) * (one - other)),
            Self::Ip => 1.0 - product,
            Self::Cosine => {
                let length = sum(&|one, _| one * one).sqrt() * sum(&|_, other| other * other).sqrt();
                1.0 - product / length
            }
        }
    }
}

/// How a VECTOR field is indexed. What is not set is the server's default.
///
/// ```
/// # use cache_index::*;
/// # struct Book;
/// # impl Book {
/// #     const EMBEDDING: Field<Book, Vector<f32, 2>, VectorKind, Options<No>> = Field::indexed("embedding", "embedding").hnsw().ef_runtime(100);
/// # }
/// let options = Book::EMBEDDING.def().vector_options();
/// assert!(options.is_approximate());
/// assert_eq!(options.distance_metric(), DistanceMetric::Cosine);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VectorOptions {
    pub(crate) hnsw: bool,
    pub(crate) metric: DistanceMetric,
    pub(crate) m: Option<u32>,
    pub(crate) ef_construction: Option<u32>,
    pub(crate) ef_runtime: Option<u32>,
    pub(crate) epsilon: Option<&'static str>,
    pub(crate) block_size: Option<u32>,
    pub(crate) initial_cap: Option<u32>,
}

impl VectorOptions {
    /// FLAT and COSINE.
    pub(super) const NONE: Self = Self {
        hnsw: false,
        metric: DistanceMetric::Cosine,
        m: None,
        ef_construction: None,
        ef_runtime: None,
        epsilon: None,
        block_size: None,
        initial_cap: None,
    };

    /// Whether the index finds nearly all of what is similar, fast (HNSW), or all of it, by comparing with every
    /// vector (FLAT).
    pub const fn is_approximate(&self) -> bool {
        self.hnsw
    }

    /// How distances are measured.
    pub const fn distance_metric(&self) -> DistanceMetric {
        self.metric
    }

    /// Appends the algorithm, the number of words that follow, and these.
    pub(super) fn write(&self, of: VectorType, words: &mut Vec<String>) {
        let mut attributes = vec![
            "TYPE".to_owned(),
            of.element.keyword().to_owned(),
            "DIM".to_owned(),
            of.dimension.to_string(),
            "DISTANCE_METRIC".to_owned(),
            self.metric.keyword().to_owned(),
        ];
        let mut attribute = |name: &str, value: Option<&dyn Display>| {
            if let Some(value) = value {
                attributes.extend([name.to_owned(), value.to_string()]);
            }
        };
        attribute("INITIAL_CAP", self.initial_cap.as_ref().map(|value| value as &dyn Display));
        attribute("BLOCK_SIZE", self.block_size.as_ref().map(|value| value as &dyn Display));
        attribute("M", self.m.as_ref().map(|value| value as &dyn Display));
        attribute("EF_CONSTRUCTION", self.ef_construction.as_ref().map(|value| value as &dyn Display));
        attribute("EF_RUNTIME", self.ef_runtime.as_ref().map(|value| value as &dyn Display));
        attribute("EPSILON", self.epsilon.as_ref().map(|value| value as &dyn Display));
        words.push(if self.hnsw { "HNSW" } else { "FLAT" }.to_owned());
        words.push(attributes.len().to_string());
        words.extend(attributes);
    }
}
