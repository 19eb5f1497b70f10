//! Kinds of fields, and what they can be searched by.

// A file imports from those before it: kinds, searched.

mod kinds;
mod searched;

pub use kinds::{FieldKind, Geo, GeoShapeKind, Kind, Numeric, Stored, Tag, Text, VectorKind};
pub use searched::{Comparable, Located, Ordered, Prefixed, Shaped, Similar, Suffixed, Wild, Worded};
