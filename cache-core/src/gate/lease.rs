//! One win of a gate: who holds it, and until when.

use std::sync::Arc;
use std::time::Duration;

use super::GateError;
use super::held::{Held, Released};
use crate::cache::Cache;

/// The right to do a gate's work, for as long as [`check`](Lease::check) says so. Cheap to clone; the lease is given back
/// when the last clone is dropped, unless it was before. That of a [`run`](super::Gate::run) ends with the run, whoever has
/// clones of it.
#[derive(Debug, Clone)]
#[must_use = "a lease that is dropped is given back"]
#[doc(alias = "LockGuard")]
pub struct Lease {
    kept: Arc<Kept>,
}

#[derive(Debug)]
enum Kept {
    Held(Arc<Held>),
    /// The work is done without a lease, since the server could not be asked.
    Unleased {
        key: String,
    },
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Self::Held(held) = self {
            held.let_go();
        }
    }
}

/// Gives a lease back when it is dropped, whoever has clones of it.
pub(super) struct Ends<'a>(pub(super) &'a Lease);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if let Some(held) = self.0.held() {
            held.let_go();
        }
    }
}

impl Lease {
    pub(super) fn new(held: Arc<Held>) -> Self {
        Self { kept: Arc::new(Kept::Held(held)) }
    }

    pub(super) fn unleased(key: String) -> Self {
        Self { kept: Arc::new(Kept::Unleased { key }) }
    }

    /// Whether the lease still holds, by this process's clock and without asking the server. To be called before
    /// each effect that the gate protects. Work that was let in [without a lease](super::OnUnavailable::RunUnleased) always
    /// may go on.
    ///
    /// # Errors
    /// [`GateError::Lost`] when the time is over, the lease was given back, or a renewal found the key in other hands.
    #[doc(alias = "assert_locked")]
    pub fn check(&self) -> Result<(), GateError> {
        match &*self.kept {
            Kept::Held(held) => held.check(),
            Kept::Unleased { .. } => Ok(()),
        }
    }

    /// Waits until the lease is lost, or given back. Unbounded: for `select!`, beside the work.
    ///
    /// After a suspend of the machine it tells within a second; [`check`](Lease::check) knows at once.
    pub async fn lost(&self) {
        match &*self.kept {
            Kept::Held(held) => held.lost().await,
            Kept::Unleased { .. } => std::future::pending().await,
        }
    }

    /// The number of this win: larger than that of every win of this gate before, also after the server lost its
    /// keys, as long as its clock does not go back further than the time since the last win. To be sent with every effect to a
    /// store that refuses numbers smaller than the largest it has seen. Zero: there is no lease.
    #[doc(alias = "fencing_token")]
    pub fn fence(&self) -> u64 {
        self.held().map_or(0, |held| held.fence)
    }

    /// The same cache for the work of this lease: everything that is written through it carries the [`fence`](Lease::fence),
    /// and the server refuses it ([`Error::Fenced`](crate::Error::Fenced)) when the gate has been won again since, in the
    /// same atomic step in which it would write. So a holder that was stopped and comes late changes nothing, whatever its
    /// clock tells it. Reads are as ever, and it costs no further round trip.
    ///
    /// Saves, patches, deletions, times to live, `modify`, many at once and by query carry it. What cannot is refused before
    /// it is sent ([`Error::NoFence`](crate::Error::NoFence)): other commands that may write, migrations, suggestions and
    /// dictionaries, copies that are loaded or invalidated, and on a cluster documents with unique values that share no hash tag. A script of one's own gets
    /// through if the last of its keys is the one of the fence: it has to compare the number itself.
    ///
    /// - On the server of the gate the number is compared with the gate's own fence, so that writes are refused as soon
    ///   as another lease is given out.
    /// - On another server, from the first write of the newer lease there on.
    /// - On a cluster the number is kept beside each document, or once for those that share a hash tag, and for a week after
    ///   the last write: there an older write is refused when a newer one was at the same document before.
    ///
    /// What was written before the gate was won again stays, also where the newer lease has read by then. Writes through
    /// other caches carry nothing and are not kept out. A lease that is over, and that nobody follows, still can write.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Gate, GateError};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct Report { #[primary_key] id: String, body: String }
    /// # async fn example(cache: Cache, report: Report) -> Result<(), GateError> {
    /// Gate::new("reports")
    ///     .run(&cache, async |lease| {
    ///         let fenced = lease.fenced(&cache)?;
    ///         report.save(&fenced).await?;
    ///         Ok::<_, GateError>(())
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`GateError::Lost`] when the lease is over already, [`GateError::Unleased`] when there is none.
    #[doc(alias = "fencing_token")]
    pub fn fenced(&self, cache: &Cache) -> Result<Cache, GateError> {
        match &*self.kept {
            Kept::Held(held) => {
                held.check()?;
                Ok(cache.fenced(&held.keys.lock, &held.keys.fence, held.fence))
            }
            Kept::Unleased { key } => Err(GateError::Unleased { key: key.clone() }),
        }
    }

    /// Whether the server granted it. Not so only with
    /// [`OnUnavailable::RunUnleased`](super::OnUnavailable::RunUnleased).
    pub fn is_leased(&self) -> bool {
        self.held().is_some()
    }

    /// How long the lease still holds unless it is renewed; `None`: it is over, or there never was one.
    pub fn left(&self) -> Option<Duration> {
        self.held().and_then(|held| held.left())
    }

    /// The gate's key on the server.
    pub fn key(&self) -> &str {
        match &*self.kept {
            Kept::Held(held) => &held.keys.lock,
            Kept::Unleased { key } => key,
        }
    }

    /// What the key holds: `v1|host|process|start of the process in Unix seconds|128 random bits`. Empty: there is no
    /// lease.
    pub fn token(&self) -> &str {
        self.held().map_or("", |held| &held.token)
    }

    /// Gives the lease back now: the key goes, or stays as long as [`at_least`](super::Gate::at_least) says. Clones of it
    /// are over with it.
    ///
    /// If the server does not answer, the clock here says whether the lease was held to the end, and it is asked again in
    /// the background until the ttl of the key is over. A lease that was given back before answers as it did then.
    pub async fn release(self) -> Released {
        self.end(Duration::ZERO, "").await
    }

    pub(super) async fn end(&self, stay: Duration, generation: &str) -> Released {
        match self.held() {
            Some(held) => held.release(stay, generation).await,
            None => Released::Released,
        }
    }

    pub(super) fn held(&self) -> Option<&Arc<Held>> {
        match &*self.kept {
            Kept::Held(held) => Some(held),
            Kept::Unleased { .. } => None,
        }
    }
}
