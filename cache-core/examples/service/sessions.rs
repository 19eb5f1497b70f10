//! Who is logged in.

use cache_core::{Cache, CacheModel, CacheValue, Error, Filter, Found};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// The fewest bytes of a beginning that the index finds.
const SHORTEST: usize = 2;

/// Somebody who is logged in at a tenant's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "12h", stopwords = [])]
pub(crate) struct Session {
    #[primary_key]
    pub(crate) id: Ulid,
    #[index]
    pub(crate) tenant: String,
    /// Found by words, as they are written.
    #[index(text, no_stem)]
    pub(crate) user: String,
    #[index(fold_case)]
    pub(crate) email: String,
    #[index]
    pub(crate) device: Device,
    /// When they were last seen.
    #[index(sortable)]
    #[serde(with = "cache_core::epoch_seconds")]
    pub(crate) seen: DateTime<Utc>,
}

/// What they use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, CacheValue)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Device {
    Laptop,
    Phone,
    Tablet,
}

impl Device {
    pub(crate) const ALL: [Self; 3] = [Self::Laptop, Self::Phone, Self::Tablet];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Laptop => "laptop",
            Self::Phone => "phone",
            Self::Tablet => "tablet",
        }
    }
}

/// Which sessions are wanted.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Search {
    /// Words of names, or how names and addresses begin.
    #[serde(default)]
    pub(crate) q: String,
    pub(crate) device: Option<Device>,
    /// Counted from 1.
    #[serde(default)]
    pub(crate) page: u32,
}

impl Search {
    /// The page, counted from 1.
    pub(crate) fn page(&self) -> u64 {
        u64::from(self.page.max(1))
    }

    fn filter(&self, tenant: &str) -> Filter<Session> {
        let words = self.q.split_whitespace().map(|word| {
            let parts =
                word.split(|character: char| !character.is_alphanumeric()).filter(|part| !part.is_empty());
            let name = parts.map(named).reduce(|all, part| all & part);
            let email = (word.len() >= SHORTEST).then(|| Session::EMAIL.starts_with(word));
            match (name, email) {
                (Some(name), Some(email)) => name | email,
                (Some(one), None) | (None, Some(one)) => one,
                // The index says why it cannot be searched for.
                (None, None) => Session::USER.matches(word),
            }
        });
        let filter = words.fold(Session::TENANT.eq(tenant), |all, word| all & word);
        match self.device {
            Some(device) => filter & Session::DEVICE.eq(device),
            None => filter,
        }
    }

    /// A page of the tenant's sessions, those seen last first. It may lack some, and says so then.
    pub(crate) async fn run(
        &self,
        cache: &Cache,
        tenant: &str,
        page_size: u32,
    ) -> Result<Found<Session>, Error> {
        let size = u64::from(page_size);
        Session::find()
            .filter(self.filter(tenant))
            .sort_by(Session::SEEN.desc())
            .page((self.page() - 1).saturating_mul(size), size)
            .allow_partial()
            .all(cache)
            .await
    }
}

/// A word of a name, or how one begins.
fn named(word: &str) -> Filter<Session> {
    let whole = Session::USER.matches(word);
    // Of other letters than those of ASCII, the index folds some in beginnings alone.
    if word.len() >= SHORTEST && word.is_ascii() { whole | Session::USER.starts_with(word) } else { whole }
}
