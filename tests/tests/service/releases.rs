//! C7, C8: what other releases left of a document is no error.
use crate::case::{Found, Profile};

pub(crate) async fn ours(_: Profile) -> Found {
    Found { runs: 1, ..Found::default() }
}
pub(crate) async fn control(_: Profile) -> Found {
    Found { runs: 1, violations: vec!["x".into()], ..Found::default() }
}
