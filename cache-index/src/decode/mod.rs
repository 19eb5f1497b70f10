//! Replies decoded, in the shapes of both protocols.

mod completeness;
mod hit;
mod index_info;
mod search;

pub use completeness::{Completeness, Shortfall};
pub use hit::Hit;
pub use index_info::IndexInfo;
pub use search::SearchAnswer;
pub(crate) use search::warnings;
