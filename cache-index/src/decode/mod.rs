//! Replies decoded, in the shapes of both protocols.

mod completeness;
mod index_info;
mod search;

pub use completeness::{Completeness, Shortfall};
pub use index_info::IndexInfo;
pub(crate) use search::warnings;
pub use search::{Hit, SearchAnswer};
