//! Conditions on points, shapes and vectors: how far, how they lie to each other, how similar.

use std::fmt;

use serde_json::Value;

use crate::error::QueryError;
use crate::geo::GeoPoint;
use crate::params::Params;
use crate::schema::FieldDef;
use crate::value::JsonType;
use crate::vector::{ElementType, VectorType};

/// Points not farther than this from a centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Radius {
    pub(crate) center: GeoPoint,
    /// In metres; greater than zero.
    pub(crate) meters: f64,
}

impl Radius {
    pub(super) fn render(&self, text: &mut String, params: &mut Params) {
        text.push('[');
        for number in [self.center.longitude(), self.center.latitude(), self.meters] {
            params.bind_number(text, number);
            text.push(' ');
        }
        text.push_str("m]");
    }

    pub(super) fn accepts(&self, value: &Value) -> bool {
        let point = value.as_str().and_then(|text| text.parse().ok());
        point.is_some_and(|point| self.center.metres_to_indexed(point) <= self.meters)
    }
}

/// How one shape lies to another.
#[cfg_attr(not(feature = "geo"), allow(dead_code, reason = "shapes are made by the feature"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Within,
    Contains,
    Intersects,
    Disjoint,
}

impl Relation {
    const fn keyword(self) -> &'static str {
        match self {
            Self::Within => "WITHIN",
            Self::Contains => "CONTAINS",
            Self::Intersects => "INTERSECTS",
            Self::Disjoint => "DISJOINT",
        }
    }
}

/// Whether a shape, as well-known text, lies like this to another; `None`: one of the texts is no shape.
pub(crate) type Relates = fn(&str, Relation, &str) -> Option<bool>;

/// Shapes that lie like this to another.
#[derive(Clone)]
pub(crate) struct Lying {
    pub(crate) relation: Relation,
    /// As well-known text.
    pub(crate) shape: String,
    /// What decides it on a plane. Geometry is a large library, which not everybody has.
    pub(crate) relates: Relates,
}

impl Lying {
    pub(super) fn render(&self, text: &mut String, params: &mut Params) {
        text.push('[');
        text.push_str(self.relation.keyword());
        text.push(' ');
        params.bind(text, self.shape.as_str());
        text.push(']');
    }

    pub(super) fn accepts(&self, field: &FieldDef, value: &Value) -> Result<bool, QueryError> {
        if !field.is_flat() {
            return Err(QueryError::OnlyOnServer {
                field: field.name(),
                what: "how shapes lie on the globe",
            });
        }
        let shape = value.as_str();
        Ok(shape.and_then(|shape| (self.relates)(shape, self.relation, &self.shape)).unwrap_or(false))
    }
}

impl PartialEq for Lying {
    fn eq(&self, other: &Self) -> bool {
        (self.relation, &self.shape) == (other.relation, &other.shape)
    }
}

impl fmt::Debug for Lying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.relation.keyword(), self.shape)
    }
}

/// Vectors not farther than this from another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    /// As the index reads it.
    pub(crate) blob: Vec<u8>,
    pub(crate) numbers: Vec<f64>,
    /// By the field's own measure; not negative.
    pub(crate) radius: f64,
}

impl Range {
    pub(super) fn render(&self, text: &mut String, params: &mut Params) {
        text.push_str("[VECTOR_RANGE ");
        params.bind_number(text, self.radius);
        text.push(' ');
        params.bind(text, self.blob.as_slice());
        text.push(']');
    }

    pub(super) fn accepts(&self, field: &FieldDef, value: &Value) -> bool {
        distance(field, value, &self.numbers).is_some_and(|distance| distance <= self.radius)
    }
}

/// How far the vector is that a document has, by the field's own measure; `None`: it has none.
pub(crate) fn distance(field: &FieldDef, value: &Value, other: &[f64]) -> Option<f64> {
    // The decimals of a single are read as a double that is not quite the single.
    let rounded = |number: f64| match field.json() {
        JsonType::Vector(VectorType { element: ElementType::Float64, .. }) => number,
        _ => f64::from(number as f32),
    };
    let numbers: Vec<f64> = value.as_array()?.iter().filter_map(Value::as_f64).map(rounded).collect();
    (numbers.len() == other.len()).then(|| field.vector_options().distance_metric().between(&numbers, other))
}
