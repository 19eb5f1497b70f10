//! Words of a text that no document has, and what could be meant.

use std::fmt;
use std::marker::PhantomData;

use cache_index::{Misspelled, SpellingRequest};

use super::ask::{decoded, index_of, require_text, words};
use super::dictionary::Dictionary;
use crate::cache::Cache;
use crate::error::Result;
use crate::model::Model;

/// A question for the spelling of a text, made by [`Terms::spell_check`](crate::Terms::spell_check).
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Dictionary, Terms};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Offer { #[primary_key] id: u64, #[index(text)] title: String }
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let brands = Dictionary::new("brands");
/// brands.add(&cache, ["rolex"]).await?; // one that never had a word is an error
/// let check = Offer::spell_check("golden wacht of rolex").distance(2).exclude(&brands);
/// for word in check.misspelled(&cache).await? {
///     let meant = word.suggestions.iter().map(|suggestion| suggestion.term.as_str()).collect::<Vec<_>>();
///     println!("{}: {}", word.term, meant.join(", "));
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked until `misspelled` sends it"]
pub struct SpellCheck<M> {
    text: String,
    distance: u8,
    include: Vec<Dictionary>,
    exclude: Vec<Dictionary>,
    model: PhantomData<fn() -> M>,
}

impl<M> SpellCheck<M> {
    pub(super) fn new(text: String) -> Self {
        Self { text, distance: 1, include: Vec::new(), exclude: Vec::new(), model: PhantomData }
    }

    /// How many letters of a word may be wrong, missing or too many, from 1 to 4, in place of 1.
    ///
    /// The server looks in one step, in which it answers nobody else, and the larger the distance, the longer: for a long
    /// word at 2 some 25 milliseconds. So at 3 a word may have 32 characters (50 milliseconds), at 4 16 characters (150
    /// milliseconds), and else 100.
    pub fn distance(self, distance: u8) -> Self {
        Self { distance, ..self }
    }

    /// Suggests the words of this dictionary too, with a score of 0 if no document has them.
    pub fn include(mut self, dictionary: &Dictionary) -> Self {
        self.include.push(dictionary.clone());
        self
    }

    /// Takes the words of this dictionary for rightly spelled.
    pub fn exclude(mut self, dictionary: &Dictionary) -> Self {
        self.exclude.push(dictionary.clone());
        self
    }
}

impl<M: Model> SpellCheck<M> {
    /// The words of the text that are in no TEXT field of the index, each once, in the order of the text.
    ///
    /// All TEXT fields are looked at together. A word counts as it is written, not by its stem: where only `running` was
    /// saved, `runs` is misspelled, although a search finds it. A word of a document that is gone is taken for right, and
    /// suggested, until the server has cleaned up. Stopwords are never misspelled. The index is in lower case, and so
    /// is the answer. Words with characters beyond U+FFFF are suggested with others in their place.
    ///
    /// Words of documents that the index lacks count as misspelled, and nothing here says so: [`Cache::readiness`] has the
    /// number of such documents, and any query answers [`Error::Incomplete`](crate::Error::Incomplete) then.
    ///
    /// # Errors
    /// [`Error::Term`](crate::Error::Term) if the distance is none, a word is too long for it, the text has U+0000, or
    /// the model has no TEXT field; [`Error::IndexMissing`](crate::Error::IndexMissing) before the migrator has run;
    /// [`Error::Indexing`](crate::Error::Indexing) while the index is being filled; with
    /// [`ServerErrorKind::UnknownDictionary`](crate::ServerErrorKind::UnknownDictionary) if a dictionary never had a word.
    pub async fn misspelled(&self, cache: &Cache) -> Result<Vec<Misspelled>> {
        require_text::<M>()?;
        let index = index_of::<M>(cache, "a spell check")?;
        let (include, exclude) = (names(&self.include, cache).await?, names(&self.exclude, cache).await?);
        let request = SpellingRequest {
            index: &index,
            stopwords: M::schema().stopwords(),
            text: &self.text,
            distance: self.distance,
            include: &include,
            exclude: &exclude,
        };
        let mut misspelled = Vec::new();
        for reply in words::<M>(cache, &index, &request.commands()?).await? {
            misspelled.extend(decoded("FT.SPELLCHECK", SpellingRequest::decode(reply))?);
        }
        Ok(misspelled)
    }
}

async fn names(dictionaries: &[Dictionary], cache: &Cache) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(dictionaries.len());
    for dictionary in dictionaries {
        names.push(dictionary.server_name(cache).await?);
    }
    Ok(names)
}

impl<M> Clone for SpellCheck<M> {
    fn clone(&self) -> Self {
        let (include, exclude) = (self.include.clone(), self.exclude.clone());
        Self { text: self.text.clone(), include, exclude, ..*self }
    }
}

/// Shows everything but the text.
impl<M> fmt::Debug for SpellCheck<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpellCheck")
            .field("distance", &self.distance)
            .field("include", &self.include)
            .field("exclude", &self.exclude)
            .finish_non_exhaustive()
    }
}
