//! What `#[gate]` makes of a function.

use super::{Gate, GateError, Lease, Outcome};
use crate::cache::Cache;

/// What a gated function answers in place of this.
pub type Gated<R> = Result<Outcome<<R as Fallible>::Value>, <R as Fallible>::Error>;

/// The answer of a function that can have a gate around it.
#[diagnostic::on_unimplemented(
    message = "a gated function answers a `Result`, and this is `{Self}`",
    label = "write `Result<{Self}, GateError>`"
)]
pub trait Fallible {
    /// What it answers when all goes well.
    type Value;
    /// What it answers when not.
    type Error;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
    type Error = E;
}

/// Runs the body of a gated function.
///
/// # Errors
/// As [`Gate::run`].
pub async fn gated<T, E, F, R>(gate: &Gate, cache: &Cache, body: F) -> Result<Outcome<T>, E>
where
    F: FnOnce(Lease) -> R,
    R: Future<Output = Result<T, E>>,
    E: From<GateError>,
{
    gate.run(cache, body).await
}
