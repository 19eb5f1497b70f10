//! What a near cache does, in numbers.

use crate::cache::ErrorClass;

/// What a near cache does. Made by [`NearHandle::status`](crate::NearHandle::status); it costs no I/O.
///
/// ```no_run
/// # fn example(near: cache_core::NearHandle) {
/// let status = near.status();
/// let reads = status.hits + status.misses + status.bypassed;
/// println!("{} of {reads} reads from memory, {} documents there", status.hits, status.documents);
/// if !status.tracked {
///     println!("every read asks the server now: {:?}", status.class);
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearStatus {
    /// Whether what is kept is answered: the server tells of changes. Otherwise every read asks the server.
    pub tracked: bool,
    /// Why it does not, if that was found out.
    pub class: Option<ErrorClass>,
    /// How many documents are held in memory, those among them that are known to be missing, or are out of date.
    pub documents: usize,
    /// How many reads were answered from memory.
    pub hits: u64,
    /// How many asked the server, or waited for who did, and had the answer kept.
    pub misses: u64,
    /// How many asked the server past the near cache.
    pub bypassed: u64,
    /// How often the server told of a change.
    pub invalidations: u64,
    /// How often the line to the server was lost or silent, and all that was kept was out of date with it.
    pub losses: u64,
}
