//! Replies decoded, in the shapes of both protocols.

// A file imports from those before it: text, completeness, hit, located, view, definition, difference, index_info, search.

mod completeness;
mod definition;
mod difference;
mod hit;
mod index_info;
mod located;
mod search;
mod text;
mod view;

pub use completeness::{Completeness, Shortfall};
pub use definition::{IndexDefinition, IndexedField};
pub use difference::Difference;
pub use hit::Hit;
pub use index_info::{FieldFailure, IndexInfo};
pub use search::SearchAnswer;
pub(crate) use search::warnings;
pub use view::Unread;
