//! Texts that are suggested while somebody types.

use std::borrow::Cow;

use cache_index::{NewSuggestion, SuggestRequest, Suggestion, SuggestionCommands};

use super::ask::{answers, count, decoded};
use crate::cache::Cache;
use crate::error::Result;

/// How many suggestions the server answers if it is not told.
const DEFAULT_MAX: u16 = 5;

/// Texts of one name in a cache's namespace, each with a score, to be suggested by what they begin with.
///
/// They belong to no model and to no index: what is suggested is what was added. They live under one key,
/// `<global>:~:suggestions:<name>`, which lasts until [`clear`](Suggestions::clear); on a cluster all are on its slot. The
/// server keeps them in memory and searches them within one step, in which it answers nobody else: about a millisecond for
/// some thousands of texts that begin alike.
///
/// A text has at most 254 characters (of at most 509 bytes), none of them U+0000 or beyond U+FFFE: the server would drop,
/// cut or change it, and so it is refused. Scores are `f32` there: from 16,777,216 on, adding 1 changes nothing. What comes back
/// with a suggestion is no longer that score: the server divides it by what of the text is not yet typed, so that it orders
/// one answer and means nothing beside another.
///
/// ```no_run
/// # use cache_core::{Cache, Suggestions};
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let cities = Suggestions::new("cities");
/// cities.add_many(&cache, [("Bern", 134.0), ("Berlin", 3_700.0)]).await?;
/// cities.increment(&cache, "Bern", 1.0).await?; // somebody chose it
/// for city in cities.get("ber").max(10).all(&cache).await? {
///     println!("{} ({})", city.text, city.score);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "FT.SUGADD")]
#[doc(alias = "autocomplete")]
pub struct Suggestions {
    name: Cow<'static, str>,
}

impl Suggestions {
    /// The suggestions of this name. Nothing is sent, and nothing needs to be made.
    ///
    /// A name that is empty, begins or ends with `:` or begins with `~` is an error of every later call.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into() }
    }

    /// The key that holds them, for commands such as `EXPIRE`.
    ///
    /// # Errors
    /// [`Error::Name`](crate::Error::Name) if the name cannot be used.
    pub fn key(&self, cache: &Cache) -> Result<String> {
        Ok(cache.keyspace()?.of_no_model("suggestions", &self.name)?)
    }

    fn ready(&self, cache: &Cache) -> Result<String> {
        cache.capabilities().require_search("a suggestion")?;
        self.key(cache)
    }

    /// Adds a text, or gives it another score. A [payload](NewSuggestion::payload) that it has stays.
    ///
    /// # Errors
    /// [`Error::Term`](crate::Error::Term) if the server would drop or change text or score, which is greater than zero;
    /// or what kept it from answering.
    #[doc(alias = "FT.SUGADD")]
    pub async fn add(&self, cache: &Cache, text: &str, score: f64) -> Result<()> {
        self.add_many(cache, [(text, score)]).await
    }

    /// Adds many texts, in as few round trips as there are thousands; pairs of text and score, or [`NewSuggestion`]s
    /// with payloads.
    ///
    /// A payload that is there is replaced by one that is given, and stays where none is: the server cannot remove it, not
    /// even by deleting a text that others begin with.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, NewSuggestion, Suggestions};
    /// # async fn example(cache: Cache, cities: Suggestions) -> cache_core::Result<()> {
    /// cities.add_many(&cache, [NewSuggestion::new("Bern", 134.0).payload("CH-BE")]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`add`](Suggestions::add), and for a payload that is empty, which the server takes for none; then nothing is
    /// sent. What kept the server from answering; then those before may be added.
    pub async fn add_many<I>(&self, cache: &Cache, suggestions: I) -> Result<()>
    where
        I: IntoIterator<Item: Into<NewSuggestion>>,
    {
        let key = self.ready(cache)?;
        let mut commands = Vec::new();
        for suggestion in suggestions {
            commands.extend(SuggestionCommands { key: &key }.add(&suggestion.into())?);
        }
        answers(cache, commands).await.map(drop)
    }

    /// Adds to the score of a text, atomically, or adds the text with this score.
    ///
    /// It only counts up: what a score has become is not told, so that counting down could lose the text. When no answer
    /// comes, it may or may not have been done.
    ///
    /// # Errors
    /// As [`add`](Suggestions::add).
    pub async fn increment(&self, cache: &Cache, text: &str, by: f64) -> Result<()> {
        let key = self.ready(cache)?;
        let batch = SuggestionCommands { key: &key }.increment(text, by)?;
        for reply in cache.send_all(batch).await? {
            reply?;
        }
        Ok(())
    }

    /// The suggestions that begin with this, whatever the case of their letters; those of an empty prefix are all. A
    /// builder: [`all`](Suggest::all) asks.
    #[doc(alias = "FT.SUGGET")]
    pub fn get<'a>(&'a self, prefix: &'a str) -> Suggest<'a> {
        Suggest { of: self, prefix, fuzzy: false, max: DEFAULT_MAX, payloads: false }
    }

    /// Deletes a text, in the case of letters that it was added in. `false`: it was not there.
    ///
    /// # Errors
    /// [`Error::Term`](crate::Error::Term) if no text can be like this, or what kept the server from answering.
    #[doc(alias = "FT.SUGDEL")]
    pub async fn delete(&self, cache: &Cache, text: &str) -> Result<bool> {
        let key = self.ready(cache)?;
        let reply = cache.command(SuggestionCommands { key: &key }.delete(text)?).await?;
        Ok(count("FT.SUGDEL", &reply)? > 0)
    }

    /// How many texts there are.
    ///
    /// # Errors
    /// What kept the server from answering.
    #[doc(alias = "FT.SUGLEN")]
    pub async fn len(&self, cache: &Cache) -> Result<u64> {
        let key = self.ready(cache)?;
        count("FT.SUGLEN", &cache.command(SuggestionCommands { key: &key }.len()).await?)
    }

    /// Deletes all texts.
    ///
    /// # Errors
    /// What kept the server from answering.
    pub async fn clear(&self, cache: &Cache) -> Result<()> {
        let key = self.ready(cache)?;
        cache.command(cache_index::Command::new("UNLINK").key(key).repeatable()).await.map(drop)
    }
}

/// A question for suggestions, made by [`Suggestions::get`].
///
/// ```no_run
/// # use cache_core::{Cache, Suggestions};
/// # async fn example(cache: Cache, typed: &str) -> cache_core::Result<()> {
/// let cities = Suggestions::new("cities");
/// // Also for one wrong letter, at most ten, each with what was stored beside it.
/// for city in cities.get(typed).fuzzy().max(10).with_payloads().all(&cache).await? {
///     println!("{} {:?}", city.text, city.payload);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "nothing is asked until `all` sends it"]
pub struct Suggest<'a> {
    of: &'a Suggestions,
    prefix: &'a str,
    fuzzy: bool,
    max: u16,
    payloads: bool,
}

impl Suggest<'_> {
    /// Also what begins with one letter more, less, or another one in its prefix.
    ///
    /// Among more texts than [`max`](Suggest::max), the server may leave out the one that is the prefix itself.
    pub fn fuzzy(self) -> Self {
        Self { fuzzy: true, ..self }
    }

    /// At most this many, in place of 5. 0: none, and nothing is asked.
    pub fn max(self, max: u16) -> Self {
        Self { max, ..self }
    }

    /// With what is stored beside the texts.
    pub fn with_payloads(self) -> Self {
        Self { payloads: true, ..self }
    }

    /// The suggestions, the best first. None are there: an empty list.
    ///
    /// Where texts differ in case alone, the one that is the prefix may be left out among more than
    /// [`max`](Suggest::max) others.
    ///
    /// Case is folded letter by letter: `ü` and `Ü` are the same, and so are `ß`, `ẞ` and `s`, since the first letter of
    /// `ss` decides.
    ///
    /// # Errors
    /// [`Error::Term`](crate::Error::Term) for a prefix of more than 99 characters (or 199 bytes), or with a character that
    /// no text can have; or what kept the server from answering.
    pub async fn all(&self, cache: &Cache) -> Result<Vec<Suggestion>> {
        let key = self.of.ready(cache)?;
        let Self { prefix, fuzzy, max, payloads, .. } = *self;
        let request = SuggestRequest { key: &key, prefix, fuzzy, max, payloads };
        let command = request.command()?;
        if max == 0 {
            return Ok(Vec::new());
        }
        decoded("FT.SUGGET", request.decode(cache.command(command).await?))
    }
}
