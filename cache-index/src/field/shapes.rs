//! What shapes are searched by: how they lie to another.

use geo::{Geometry, Relate};

use super::{Field, Part};
use crate::filter::{Filter, Lying, Node, Relation, Test};
use crate::kind::{GeoShapeKind, Shaped};
use crate::schema::FieldDef;
use crate::shape::GeoShape;

impl<M, V, K, O> Field<M, V, K, O> {
    /// Documents whose shape lies within this one.
    ///
    /// A point on the edge is not within, as OGC defines it; and nothing lies within a point. [`Filter::accepts`] decides it for fields that are
    /// declared `flat`; how shapes lie on the globe is left to the server, and refused.
    pub fn within(self, shape: &GeoShape) -> Filter<M>
    where
        K: Shaped,
    {
        lying(self.def, Relation::Within, shape)
    }

    /// Documents whose shape and this one have a point in common. See [`within`](Field::within).
    pub fn intersects(self, shape: &GeoShape) -> Filter<M>
    where
        K: Shaped,
    {
        lying(self.def, Relation::Intersects, shape)
    }

    /// Documents whose shape and this one have no point in common. See [`within`](Field::within). Documents without a
    /// shape are not found.
    pub fn disjoint(self, shape: &GeoShape) -> Filter<M>
    where
        K: Shaped,
    {
        lying(self.def, Relation::Disjoint, shape)
    }
}

impl<O> Part<GeoShapeKind, O> for &GeoShape {
    fn filter<M>(self, field: FieldDef) -> Filter<M> {
        lying(field, Relation::Contains, self)
    }
}

fn lying<M>(field: FieldDef, relation: Relation, shape: &GeoShape) -> Filter<M> {
    let shape = shape.to_string();
    Filter::new(Node::Leaf(field, Test::Lying(Lying { relation, shape, relates })))
}

fn relates(one: &str, relation: Relation, other: &str) -> Option<bool> {
    let (one, other): (GeoShape, GeoShape) = (one.parse().ok()?, other.parse().ok()?);
    let is_point = |shape: &GeoShape| matches!(shape.geometry(), Geometry::Point(_));
    let matrix = one.geometry().relate(other.geometry());
    Some(match relation {
        // To the server, nothing lies within a point, not even the same one.
        Relation::Within => matrix.is_within() && !is_point(&other),
        Relation::Contains => matrix.is_contains() && !is_point(&one),
        Relation::Intersects => matrix.is_intersects(),
        Relation::Disjoint => matrix.is_disjoint(),
    })
}
