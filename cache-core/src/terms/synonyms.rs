//! Words of a model's index that mean the same.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use cache_index::{Batch, SynonymGroups, SynonymUpdate};

use super::ask::{about, decoded, index_of, require_text};
use crate::cache::Cache;
use crate::error::Result;
use crate::index::{announcement, look, look_at, notice};
use crate::model::Model;

/// The first and the longest pause between two looks at an index that is being scanned.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How far apart two looks must agree that nothing is being scanned: the server starts a moment after it answered.
const SETTLED: Duration = Duration::from_millis(100);

/// The synonyms of a model's index, made by [`Terms::synonyms`](crate::Terms::synonyms).
///
/// A document that has one word of a group is found by [`matches`](crate::Field::matches) with any other of them.
///
/// They belong to the index, and an index belongs to a schema: another schema of the model has another index, without
/// synonyms; one that vanished is made again with those that this process gave it. So [`update`](Synonyms::update) belongs behind [`Migrator::run`](crate::Migrator::run), at every boot and in
/// every replica; where the words are there already, it changes nothing.
///
/// A synonym is a single word as it is written: `car` is not found by a synonym of `cars`. What it means is known to the
/// server alone: [`Filter::accepts`](crate::Filter::accepts) does not know synonyms, and a negation leaves out the words
/// that are asked for and not their synonyms, nor do `starts_with` and other parts of words find them. The server cannot
/// remove a word from a group, nor a group.
#[derive(Clone)]
pub struct Synonyms<M> {
    skip_initial_scan: bool,
    model: PhantomData<fn() -> M>,
}

impl<M> Synonyms<M> {
    pub(super) fn new() -> Self {
        Self { skip_initial_scan: false, model: PhantomData }
    }

    /// Leaves the documents that are stored as they are: they are not found by new synonyms until they are saved again.
    #[doc(alias = "SKIPINITIALSCAN")]
    pub fn skip_initial_scan(self) -> Self {
        Self { skip_initial_scan: true, ..self }
    }
}

impl<M: Model> Synonyms<M> {
    /// Makes these words synonyms of each other and of those that the group has, and waits until the server has looked
    /// through the documents for them (unless told to [skip](Synonyms::skip_initial_scan) that): without a deadline, but
    /// each look has one. `false`: the group had all of them.
    ///
    /// Case does not matter. A word may be in several groups. Meanwhile queries are refused as incomplete, unless told to
    /// [allow that](crate::Query::allow_partial): documents are found by the words they have, and not all by synonyms.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Migrator, Terms};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct Offer { #[primary_key] id: u64, #[index(text)] title: String }
    /// # async fn example(cache: Cache) -> Result<(), Box<dyn std::error::Error>> {
    /// Migrator::new().register::<Offer>().run(&cache).await?;
    /// Offer::synonyms().update(&cache, "cars", ["car", "auto", "automobile"]).await?;
    /// let offers = Offer::find_by_title("auto").all(&cache).await?; // those with a car too
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Term`](crate::Error::Term) if one of them is no single word, a stopword, or longer than 128 bytes, if
    /// the group has no name, or the model no TEXT field; [`Error::IndexMissing`](crate::Error::IndexMissing) before the
    /// migrator has run.
    #[doc(alias = "FT.SYNUPDATE")]
    pub async fn update<T: AsRef<str>>(
        &self,
        cache: &Cache,
        group: &str,
        words: impl IntoIterator<Item = T>,
    ) -> Result<bool> {
        require_text::<M>()?;
        let update = SynonymUpdate::new(group, words, M::schema().stopwords())?;
        let index = index_of::<M>(cache, "a synonym")?;
        // Each update makes the server look through all documents, and all replicas boot with the same words.
        let wanted = !update.is_part_of(&self.dump(cache).await?);
        if let Some(command) = update.command(&index, self.skip_initial_scan).filter(|_| wanted) {
            if !self.skip_initial_scan {
                // Answers that are under way may lack documents already.
                cache.standing().changed(&index);
                // And so may those of other processes.
                let told = Batch::pipeline(vec![announcement(cache, M::schema())?]);
                cache.unfenced_all(told).await?.into_iter().try_for_each(|told| told.map(drop))?;
            }
            about::<M>(cache, &index, command).await?;
        }
        if let Some(command) = update.command(&index, false) {
            cache.standing().adds_to(&index, command);
        }
        if !self.skip_initial_scan {
            wait::<M>(cache, &index, wanted).await?;
        }
        Ok(wanted)
    }

    /// All groups with their words, which are in lower case.
    ///
    /// # Errors
    /// [`Error::IndexMissing`](crate::Error::IndexMissing) before the migrator has run.
    #[doc(alias = "FT.SYNDUMP")]
    pub async fn dump(&self, cache: &Cache) -> Result<SynonymGroups> {
        let index = index_of::<M>(cache, "a synonym")?;
        let reply = about::<M>(cache, &index, SynonymUpdate::dump_command(&index)).await?;
        decoded("FT.SYNDUMP", SynonymUpdate::decode_dump(reply))
    }
}

/// Waits until the index is not being scanned. A scan that was asked for starts a moment later, so that one look does not
/// do then.
async fn wait<M: Model>(cache: &Cache, index: &str, asked_for: bool) -> Result<()> {
    let (mut pause, longest) = PAUSES;
    let mut seen_filled = !asked_for;
    loop {
        let filled = match look_at(cache, M::schema(), index).await? {
            Some(look) if look.info.is_filled() && seen_filled => {
                notice(cache, M::schema(), index, &look)?;
                return Ok(());
            }
            Some(look) => look.info.is_filled(),
            // It is made again, with its synonyms.
            None => look(cache, M::schema(), index, Duration::ZERO).await?,
        };
        tokio::time::sleep(if filled { SETTLED } else { pause }).await;
        pause = (pause * 2).min(longest);
        seen_filled = filled;
    }
}

impl<M> fmt::Debug for Synonyms<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Synonyms").field("skip_initial_scan", &self.skip_initial_scan).finish()
    }
}
