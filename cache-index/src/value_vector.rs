//! Vectors as values of an index.

use crate::kind::VectorKind;
use crate::path::Step;
use crate::value::{FlatValue, IndexValue, Indexable, JsonType, ScalarValue, VectorValue};
use crate::vector::{Vector, VectorElement, VectorType};

impl<T: VectorElement, const N: usize> IndexValue for Vector<T, N> {
    type Kind = VectorKind;
    type Scalar = Self;
    const JSON: JsonType = JsonType::Vector(VectorType { element: T::TYPE, dimension: N });
    const STEP: Step = Step::One;
}

impl<T: VectorElement, const N: usize> Indexable<VectorKind> for Vector<T, N> {}

impl<T: VectorElement, const N: usize> ScalarValue for Vector<T, N> {
    type ElementKind = VectorKind;
    type Element = Self;
}

impl<T: VectorElement, const N: usize> VectorValue for Vector<T, N> {}
impl<T: VectorElement, const N: usize> FlatValue for Vector<T, N> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{FieldKind, Kind};
    use crate::vector::ElementType;

    #[test]
    fn the_dimension_goes_through_options_and_lists() {
        fn kind<V: IndexValue>() -> (FieldKind, JsonType) {
            (V::Kind::KIND, V::JSON)
        }
        let json = JsonType::Vector(VectorType { element: ElementType::Float32, dimension: 3 });
        assert_eq!(kind::<Option<Vector<f32, 3>>>(), (FieldKind::Vector, json));
        assert_eq!(kind::<Vec<Vector<f32, 3>>>(), (FieldKind::Vector, json));
    }
}
