//! Shapes: points and polygons as well-known text, checked before the server would drop a document because of one.

use std::fmt;
use std::str::FromStr;

use geo::algorithm::kernels::{Kernel, Orientation, RobustKernel};
use geo::{Coord, Geometry, Point, Polygon, Validation};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wkt::{ToWkt, TryFromWkt};

use crate::error::GeoError;
use crate::kind::GeoShapeKind;
use crate::path::Step;
use crate::value::{FlatValue, IndexValue, Indexable, JsonType, ShapeValue};

/// A point or a polygon, indexed as GEOSHAPE: all that RediSearch takes.
///
/// In JSON it is well-known text (`POLYGON((0 0,0 2,2 2,2 0,0 0))`), and comes back to the last bit. It is made from
/// the types of the [`geo`] crate or from text, and is valid: the index would not take the whole document because of a
/// polygon that crosses itself.
///
/// Coordinates are x and y of a plane where the field is declared `flat`; else degrees of longitude and latitude.
///
/// ```
/// use cache_index::GeoShape;
///
/// let square: GeoShape = "POLYGON((0 0, 0 2, 2 2, 2 0, 0 0))".parse()?;
/// assert_eq!(square.to_string(), "POLYGON((0 0,0 2,2 2,2 0,0 0))");
/// assert!("POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))".parse::<GeoShape>().is_err());
/// # Ok::<(), cache_index::GeoError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GeoShape(Geometry<f64>);

impl GeoShape {
    /// The shape as the `geo` crate has it: a `Point` or a `Polygon`.
    pub fn geometry(&self) -> &Geometry<f64> {
        &self.0
    }
}

impl TryFrom<Point<f64>> for GeoShape {
    type Error = GeoError;

    fn try_from(point: Point<f64>) -> Result<Self, GeoError> {
        Self::try_from(Geometry::Point(point))
    }
}

impl TryFrom<Polygon<f64>> for GeoShape {
    type Error = GeoError;

    fn try_from(polygon: Polygon<f64>) -> Result<Self, GeoError> {
        Self::try_from(Geometry::Polygon(polygon))
    }
}

impl TryFrom<Geometry<f64>> for GeoShape {
    type Error = GeoError;

    fn try_from(geometry: Geometry<f64>) -> Result<Self, GeoError> {
        let refused = |reason: &str| Err(GeoError::Shape { reason: reason.to_owned() });
        match &geometry {
            Geometry::Point(_) => {}
            // What follows is valid to `geo`, and to the server it is not.
            Geometry::Polygon(polygon) if polygon.exterior().0.len() < 4 => {
                return refused("a polygon has at least three corners");
            }
            Geometry::Polygon(polygon) if has_spike(polygon) => {
                return refused(
                    "an edge of the polygon goes back on the one before; remove the corner between them",
                );
            }
            Geometry::Polygon(_) => {}
            _ => return refused("only points and polygons can be indexed"),
        }
        match geometry.check_validation() {
            Ok(()) => Ok(Self(geometry)),
            Err(problem) => Err(GeoError::Shape { reason: problem.to_string() }),
        }
    }
}

/// Whether an edge goes back on the one before.
fn has_spike(polygon: &Polygon<f64>) -> bool {
    let goes_back = |before: Coord<f64>, at: Coord<f64>, after: Coord<f64>| {
        let (from, to) = (before - at, after - at);
        RobustKernel::orient2d(before, at, after) == Orientation::Collinear
            && from.x * to.x + from.y * to.y > 0.0
    };
    std::iter::once(polygon.exterior()).chain(polygon.interiors()).any(|ring| {
        let mut corners = ring.0.clone();
        corners.dedup();
        // The first corner is the last one too, so the second one follows it.
        let second = corners.get(1).copied();
        corners.extend(second);
        corners.windows(3).any(|three| matches!(three, [a, b, c] if goes_back(*a, *b, *c)))
    })
}

impl FromStr for GeoShape {
    type Err = GeoError;

    fn from_str(text: &str) -> Result<Self, GeoError> {
        let unreadable = || GeoError::Shape { reason: format!("`{text}` is no well-known text") };
        Self::try_from(Geometry::try_from_wkt_str(text).map_err(|_| unreadable())?)
    }
}

impl fmt::Display for GeoShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.wkt_string())
    }
}

impl Serialize for GeoShape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GeoShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl IndexValue for GeoShape {
    type Kind = GeoShapeKind;
    type Scalar = Self;
    const JSON: JsonType = JsonType::String;
    const STEP: Step = Step::One;
}

// Not `ScalarValue`: the server takes one shape a document, and drops documents with more.
impl Indexable<GeoShapeKind> for GeoShape {}
impl ShapeValue for GeoShape {}
impl FlatValue for GeoShape {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What RediSearch 2.10.5 was seen to refuse.
    #[test]
    fn what_the_index_would_refuse_is_refused() {
        for text in [
            "",
            "foo",
            "POLYGON EMPTY",
            "POLYGON((0 0,2 2,2 0,0 2,0 0))",
            "POLYGON((0 0,1 1,0 0))",
            "POLYGON((0 0,1 1,2 2,0 0))",
            "POLYGON((0 0,0 5,0 2,2 2,2 0,0 0))",
            "POLYGON((0 0,0 10,10 10,10 0,0 0),(40 4,40 6,60 6,60 4,40 4))",
            "LINESTRING(0 0,1 1)",
            "MULTIPOLYGON(((0 0,0 1,1 1,0 0)))",
            "POINT(NaN 1)",
        ] {
            assert!(matches!(text.parse::<GeoShape>(), Err(GeoError::Shape { .. })), "{text}");
        }
        for text in ["POINT(1e-7 1E2)", "POLYGON((1 1,3 1,3 3,1 3,1 1))", "POLYGON((1 1,1 3,3 3,3 1))"] {
            assert!(text.parse::<GeoShape>().is_ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_shape_comes_back_to_the_last_bit(x: f64, y: f64, width in 1e-3..1e3) {
            prop_assume!(x.is_finite() && y.is_finite() && (x + width) > x && (y + width) > y);
            let corners = vec![(x, y), (x, y + width), (x + width, y + width), (x, y)];
            for shape in [GeoShape::try_from(Point::new(x, y)), GeoShape::try_from(Polygon::new(corners.into(), vec![]))] {
                // The sum of large numbers can be the number.
                let Ok(shape) = shape else { continue };
                prop_assert_eq!(serde_json::from_str::<GeoShape>(&serde_json::to_string(&shape).unwrap()).unwrap(), shape);
            }
        }
    }
}
