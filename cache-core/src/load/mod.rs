//! Documents that are copies of something slower: loaded when they are missing, once, and never over what is newer.

// A file imports from those before it: error, early, scripts, entry, fill, invalidate, this one, lives.

mod early;
mod entry;
mod error;
mod fill;
mod invalidate;
#[cfg(feature = "tenant")]
mod lives;
mod scripts;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use self::early::Freshness;
use self::entry::{Entry, Keys};
pub use self::error::LoadError;
use self::fill::{Fill, Outcome, outcome};
use crate::cache::{Cache, Lead, Seat, metrics};
use crate::document::{decode, parts_of};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;

pub(crate) use self::invalidate::{invalidate, invalidate_many};

/// How often a document is loaded anew because it was invalidated meanwhile, before what was loaded last is answered.
const ROUNDS: usize = 8;

/// How a document is got that is loaded from elsewhere when it is not stored. Made by
/// [`CacheModel::load`](crate::CacheModel::load).
///
/// - Of many calls of a process for one document at once, one loads and all get what it brings; who gives up does not keep the
///   others from it.
/// - What is [invalidated](crate::CacheModel::invalidate) or saved while it is loaded is not overwritten by what was loaded: the
///   server compares.
/// - An error of the loader is told to all who wait for it, and remembered by nobody. That there is nothing is remembered for
///   [a while](Load::missing_for).
/// - A document that ends soon is loaded again before that, in the background, by chance and the sooner the longer loading
///   takes (A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015), so that a
///   fleet does not load it at one moment.
///
/// ```no_run
/// use std::time::Duration;
/// use cache_core::{Cache, CacheModel};
///
/// #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// #[cache(ttl = "10m", jitter = 0.1)]
/// struct Price {
///     #[primary_key]
///     article: u64,
///     cents: i64,
/// }
///
/// # async fn ask_the_shop(article: u64) -> Result<Option<Price>, std::io::Error> { Ok(None) }
/// # async fn example(cache: Cache) -> Result<(), Box<dyn std::error::Error>> {
/// let price = Price::load(7)
///     .stale_after(Duration::from_secs(30)) // then it is answered all the same, and loaded in the background
///     .get(&cache, || ask_the_shop(7))
///     .await?;
/// # let _ = price;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is loaded until `get` is called"]
pub struct Load<M> {
    id: Vec<String>,
    settings: Settings,
    model: PhantomData<fn() -> M>,
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    fresh: Freshness,
    missing_for: Duration,
    within: Duration,
    once_per_fleet: Option<Duration>,
    /// In place of the model's.
    ttl: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fresh: Freshness::default(),
            missing_for: Duration::from_secs(5),
            within: Duration::from_secs(60),
            once_per_fleet: None,
            ttl: None,
        }
    }
}

impl<M: Model> Load<M> {
    pub(crate) fn of(id: impl Id<M::PrimaryKey>) -> Self {
        Self { id: parts_of(id), settings: Settings::default(), model: PhantomData }
    }

    /// From when on a document that was loaded is stale: it is answered still, and loaded again in the background. Without
    /// it, it is good until its time to live ends.
    #[doc(alias = "stale_while_revalidate")]
    pub fn stale_after(mut self, age: Duration) -> Self {
        self.settings.fresh.stale_after = Some(age);
        self
    }

    /// How eagerly documents are loaded again before they end, or are stale: 1 is what the literature finds best, more is
    /// sooner, 0 is not at all.
    #[doc(alias = "xfetch")]
    pub fn early(mut self, beta: f64) -> Self {
        self.settings.fresh.beta = if beta.is_finite() { beta.max(0.0) } else { 0.0 };
        self
    }

    /// How long it is remembered that the loader found nothing, a fifth more or less; without it five seconds. Zero: not at
    /// all.
    #[doc(alias = "negative_ttl")]
    pub fn missing_for(mut self, duration: Duration) -> Self {
        self.settings.missing_for = duration;
        self
    }

    /// How long loading may take; without it a minute.
    pub fn within(mut self, bound: Duration) -> Self {
        self.settings.within = bound;
        self
    }

    /// Lets one process of the fleet load. The others wait for what it stores, at most `wait`, and then load themselves; so they
    /// do when it gave up.
    pub fn once_per_fleet(mut self, wait: Duration) -> Self {
        self.settings.once_per_fleet = Some(wait);
        self
    }

    /// The document, or what the loader brings; `None` if that is nothing.
    ///
    /// A document that is stored costs one round trip, one that is loaded two more. What the loader brings is stored with the
    /// time to live of the model. The loader runs in a task of its own: when the future is dropped, it goes on for whoever else
    /// waits, and what it brings is stored.
    ///
    /// A [degraded](crate::Cache::connect_or_degrade) cache loads each time, once for all that wait in this process. Where
    /// the server cannot be asked, every cache does.
    ///
    /// # Errors
    /// [`LoadError::Loader`] if the loader fails, [`LoadError::Timeout`] if it takes too long, [`LoadError::Panicked`] if it does;
    /// [`LoadError::Cache`] with [`Error::OtherKey`] if it brings the document of another primary key,
    /// [`Error::Unsupported`] for a model with unique values or a version, and what keeps a stored document from being read.
    pub async fn get<F, Fut, E>(self, cache: &Cache, loader: F) -> Result<Option<M>, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<M>, E>> + Send,
        E: Send + Sync + 'static,
    {
        self.get_if(cache, |_, _| true, loader).await
    }

    /// As [`get`](Load::get); what is stored counts only if `good` says so of its bytes, and of whether it is known not to be
    /// stale. If not, it is loaded at once and replaced.
    pub(crate) async fn get_if<F, Fut, E>(
        self,
        cache: &Cache,
        good: impl Fn(&[u8], bool) -> bool,
        loader: F,
    ) -> Result<Option<M>, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<M>, E>> + Send,
        E: Send + Sync + 'static,
    {
        let schema = M::schema();
        if !schema.unique().is_empty() || schema.version().is_some() {
            let needs = "a model without `#[unique]` and `#[version]`: what is loaded is a copy, and its source decides";
            return Err(Error::Unsupported { what: "`load`", needs: needs.to_owned() }.into());
        }
        let keys = Keys::of::<M>(cache, &self.id)?;
        let fill = |seen| Fill::<M>::new(cache, &keys, self.settings, seen);
        let mut rounds = 0;
        let json = loop {
            let mut seen = None;
            let entry = Entry::read(cache, &keys).await?;
            metrics::load(schema.model(), entry.outcome());
            match entry {
                Entry::Nothing => break None,
                Entry::Stored { json, fresh_for, .. } if !good(&json, fresh_for.is_some()) => {
                    seen = Some(json);
                }
                Entry::Stored { json, fresh_for, took } => {
                    if self.settings.fresh.is_due(fresh_for, took)
                        && let Seat::Lead(lead) = cache.flights().enter::<Outcome<E>>(&keys.document)
                    {
                        // Nobody waits for it; what it does not bring is in an event.
                        drop(fill(Some(json.clone())).start(lead, loader));
                    }
                    break Some(json);
                }
                Entry::Unknown => {}
            }
            rounds += 1;
            let seat = match rounds {
                ..=ROUNDS => cache.flights().enter::<Outcome<E>>(&keys.document),
                // Others load it again and again: then by itself.
                _ => Seat::Lead(Lead::alone()),
            };
            match seat {
                Seat::Lead(lead) => break outcome(fill(seen).start(lead, loader)).await?.json,
                Seat::Join(flight) => {
                    let loaded = outcome(flight).await?;
                    if loaded.is_for_all {
                        break loaded.json;
                    }
                }
                // Whether what it brings was invalidated before this call began, nobody can tell.
                Seat::Late(flight) => drop(flight.wait().await),
            }
        };
        Ok(json.map(|json| decode::<M>(&keys.document, &json)).transpose()?)
    }
}

impl<M> Clone for Load<M> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), settings: self.settings, model: PhantomData }
    }
}

impl<M> fmt::Debug for Load<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load").field("id", &self.id).field("settings", &self.settings).finish()
    }
}
