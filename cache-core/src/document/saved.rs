//! What a write did.

/// What a save did.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Note { #[primary_key] id: u64, #[version] version: u64, text: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// let note = Note { id: 7, version: 0, text: "milk".to_owned() };
/// let saved = note.save(&cache).await?;
/// assert!(saved.stored(), "a degraded cache would store nothing, and say so here");
/// assert_eq!(saved.version(), Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a degraded cache stores nothing; `stored()` says whether it did"]
#[non_exhaustive]
pub struct Saved {
    stored: bool,
    version: Option<u64>,
}

impl Saved {
    /// A document that is on the server, with this version.
    pub(super) fn with(version: Option<u64>) -> Self {
        Self { stored: true, version }
    }

    /// A document that is not, for want of a server.
    pub(super) fn not() -> Self {
        Self { stored: false, version: None }
    }

    /// Whether the document is on the server. A cache without a server stores nothing.
    pub fn stored(&self) -> bool {
        self.stored
    }

    /// The document's new version; `None` for models that have none.
    pub fn version(&self) -> Option<u64> {
        self.version
    }
}
