//! What every model with an index can tell of its words.

use std::future::Future;

use cache_index::{Field, Reply, TagValues, Tagged};

use super::ask::{decoded, index_of, words};
use super::spelling::SpellCheck;
use super::synonyms::Synonyms;
use crate::cache::Cache;
use crate::error::Result;
use crate::model::{Indexed, Model};

/// What the index of a model knows of its words: the values of TAG fields, how words are spelled, which mean the same.
///
/// Every model with an `#[index]` can use it.
pub trait Terms: Model {
    /// The values of a TAG field, each once, sorted, as the index has them: in lower case where the field is `fold_case`,
    /// cut into tags where it has a `separator`, `true` and `false` of a `bool`.
    ///
    /// They are more than the documents have: a value whose last document is gone, or has another one now, is listed until
    /// the server cleans up, which it does every half a minute for an index of which 100 documents went or changed. And
    /// all of them come in one answer, however many there are: this is for fields with few values, such as a category.
    /// [`group_by`](crate::Query::group_by) has the values that documents have now, as they are
    /// written there, and how many have each.
    ///
    /// Nor can the list say that it lacks the values of documents which the index lacks: [`Cache::readiness`] has their
    /// number ([`IndexState::FailedDocuments`](crate::IndexState::FailedDocuments)), and any query answers
    /// [`Error::Incomplete`](crate::Error::Incomplete) then.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Terms};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: u64, #[index] city: String }
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// for city in User::tag_values(&cache, User::CITY).await? {
    ///     println!("{city}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::IndexMissing`](crate::Error::IndexMissing) before the migrator has run; [`Error::Indexing`](crate::Error::Indexing)
    /// while the index is being filled.
    #[doc(alias = "FT.TAGVALS")]
    #[doc(alias = "distinct")]
    fn tag_values<V, K: Tagged, O>(
        cache: &Cache,
        field: Field<Self, V, K, O>,
    ) -> impl Future<Output = Result<Vec<String>>> + Send
    where
        Self: Indexed,
    {
        let field = field.def().name();
        async move {
            let index = index_of::<Self>(cache, "`tag_values`")?;
            let values = TagValues { index: &index, field }.command();
            let reply = words::<Self>(cache, &index, &[values]).await?.into_iter().next();
            decoded("FT.TAGVALS", TagValues::decode(reply.unwrap_or(Reply::Nil)))
        }
    }

    /// The words of a text that no document has, and what could be meant. A builder:
    /// [`misspelled`](SpellCheck::misspelled) asks.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Dictionary, Terms};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct Offer { #[primary_key] id: u64, #[index(text)] title: String }
    /// # async fn example(cache: Cache, typed: String) -> cache_core::Result<()> {
    /// let brands = Dictionary::new("brands");
    /// for word in Offer::spell_check(typed).distance(2).include(&brands).misspelled(&cache).await? {
    ///     println!("{}: did you mean {:?}?", word.term, word.suggestions.first());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "FT.SPELLCHECK")]
    fn spell_check(text: impl Into<String>) -> SpellCheck<Self>
    where
        Self: Indexed,
    {
        SpellCheck::new(text.into())
    }

    /// The synonyms of the model's index.
    #[doc(alias = "FT.SYNUPDATE")]
    fn synonyms() -> Synonyms<Self>
    where
        Self: Indexed,
    {
        Synonyms::new()
    }
}

impl<M: Model> Terms for M {}
