//! How far an index is filled, for whoever watches.

use std::fmt;
use std::time::Duration;

use cache_index::printed;
use serde::Serialize;

/// How far an index is filled. `Display` is a line for people.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// // `User: 12000 of 50000 documents, 8000 a second, 4 s to go`
/// Migrator::new().register::<User>().progress(|progress| println!("{progress}")).run(&cache).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// The model.
    pub model: &'static str,
    /// The index that is being filled.
    pub index: String,
    /// How many documents it holds.
    pub documents: u64,
    /// How many it will hold, about: as many as the index before it, or as were counted, and no fewer than it holds. `None`: not known.
    pub total: Option<u64>,
    /// How long it has been watched.
    pub elapsed: Duration,
    /// How many documents came in a second, since it is watched.
    pub rate: f64,
    /// How long the rest will take at this rate; `None`: not known.
    pub eta: Option<Duration>,
    /// Whether it is filled. The last time that is told of this index, unless a comparison with the documents is waited for.
    pub filled: bool,
    /// What is waited for when it is filled: the key by which another process says that it looks for documents which the index
    /// lacks, for up to a minute. `None`: nothing.
    pub waits_for: Option<String>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = &self.waits_for {
            let key = printed(key);
            return write!(f, "{}: waiting for another process to compare it (`{key}`)", self.model);
        }
        write!(f, "{}: {}", self.model, self.documents)?;
        if let Some(total) = self.total {
            write!(f, " of {total}")?;
        }
        let one = self.total.unwrap_or(self.documents) == 1;
        write!(f, " {}, {}", if one { "document" } else { "documents" }, self.pace())
    }
}

impl Progress {
    /// How fast it goes, and what is to come.
    pub(crate) fn pace(&self) -> String {
        let rate = format!("{:.0} a second", self.rate);
        match self.eta {
            _ if self.filled => format!("{rate}, filled"),
            // As after a restart, when it has all of them from what the server read, and is filled once more.
            _ if self.total.is_some_and(|total| (1..=self.documents).contains(&total)) => {
                format!("{rate}, the server still looks through its keys")
            }
            Some(eta) => format!("{rate}, {} s to go", eta.as_secs()),
            None => rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_all_and_is_not_filled_says_what_it_waits_for() {
        let progress = |documents, filled| Progress {
            model: "User",
            index: String::new(),
            documents,
            total: Some(9),
            elapsed: Duration::ZERO,
            rate: 0.0,
            eta: None,
            filled,
            waits_for: None,
        };
        let waits = "User: 9 of 9 documents, 0 a second, the server still looks through its keys";
        assert_eq!(progress(9, false).to_string(), waits);
        assert_eq!(progress(9, true).to_string(), "User: 9 of 9 documents, 0 a second, filled");
        assert_eq!(progress(8, false).to_string(), "User: 8 of 9 documents, 0 a second");
    }
}
