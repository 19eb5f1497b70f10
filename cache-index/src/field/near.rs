//! What points and vectors are searched by: distance and similarity.

use super::Field;
use crate::error::QueryError;
use crate::filter::{Filter, Nearest, Node, Radius, Range, Test, distance_to_itself};
use crate::geo::{Distance, GeoPoint};
use crate::kind::{Located, Similar};
use crate::value::IndexValue;
use crate::vector::{Vector, VectorElement};

impl<M, V, K, O> Field<M, V, K, O> {
    /// Documents whose point is not farther than this from the centre; of a list of points, one of them.
    ///
    /// Distances are those of the server: on a sphere, to where the index keeps the point, within about half a metre.
    /// A radius that is not greater than zero is refused.
    #[doc(alias = "GEO")]
    pub fn within_radius(self, center: GeoPoint, radius: Distance) -> Filter<M>
    where
        K: Located,
    {
        let meters = radius.as_meters();
        Filter::new(if meters.is_finite() && meters > 0.0 {
            Node::Leaf(self.def, Test::Radius(Radius { center, meters }))
        } else {
            Node::Invalid(QueryError::Radius { field: self.def.name(), radius: format!("{meters} m") })
        })
    }

    /// Documents whose vector is not farther than this from another, by the field's distance metric; of a list of
    /// vectors, one of them.
    ///
    /// COSINE distances go from 0 (the same direction) over 1 to 2 (the opposite one); L2 is the square of the
    /// Euclidean distance. An HNSW index may overlook a few. A radius that is negative is refused, and so is a vector
    /// with a number that is not finite, and one of zeros at a field of COSINE ([`QueryError::NoDirection`]).
    #[doc(alias = "VECTOR_RANGE")]
    pub fn within_range<T: VectorElement, const N: usize>(
        self,
        vector: &Vector<T, N>,
        radius: f64,
    ) -> Filter<M>
    where
        K: Similar,
        V: IndexValue<Scalar = Vector<T, N>>,
    {
        let field = self.def.name();
        let numbers: Vec<f64> = vector.iter().map(|number| number.to_f64()).collect();
        Filter::new(if !(radius.is_finite() && radius >= 0.0) {
            Node::Invalid(QueryError::Radius { field, radius: radius.to_string() })
        } else if !numbers.iter().all(|number| number.is_finite()) {
            Node::Invalid(QueryError::NotFiniteVector { field })
        } else if distance_to_itself(&self.def, &numbers).is_nan() {
            Node::Invalid(QueryError::NoDirection { field })
        } else {
            Node::Leaf(self.def, Test::Similar(Range { blob: vector.to_blob(), numbers, radius }))
        })
    }

    /// The `k` documents whose vectors are nearest to this one, by the field's distance metric; of a list of vectors, its
    /// nearest counts. Fewer, if there are not as many.
    ///
    /// An HNSW index may overlook a few. No document (`k` of 0), a vector with a number that is not finite, and one of zeros at
    /// a field of COSINE are refused. Among documents with a vector of zeros COSINE has no order: their distance is
    /// NaN, and the server puts them first, or anywhere in an HNSW index.
    #[doc(alias = "KNN")]
    #[doc(alias = "knn")]
    pub fn nearest<T: VectorElement, const N: usize>(self, k: u64, vector: &Vector<T, N>) -> Nearest<M>
    where
        K: Similar,
        V: IndexValue<Scalar = Vector<T, N>>,
    {
        let numbers = vector.iter().map(|number| number.to_f64()).collect();
        Nearest::new(self.def, k, vector.to_blob(), numbers)
    }
}
