//! Words that are spelled rightly, whatever the documents say.

use std::borrow::Cow;

use cache_index::{DictionaryCommands, ServerErrorKind};

use super::ask::{answers, count, decoded};
use crate::cache::Cache;
use crate::error::Result;

/// Words of one name in a cache's namespace, for [`SpellCheck::include`](crate::SpellCheck::include) and
/// [`SpellCheck::exclude`](crate::SpellCheck::exclude).
///
/// It is no key: the server keeps dictionaries beside its data, those of all namespaces together, under
/// `<global>:~:dictionary:<name>`. They are saved with the data, and FLUSHDB and FLUSHALL delete them.
///
/// A word has at most 254 characters (of at most 509 bytes), none of them U+0000 or beyond U+FFFE, and does not begin with
/// `+`, `~` or `<`: it would be dropped, changed, or not be suggested.
///
/// ```no_run
/// # use cache_core::{Cache, Dictionary};
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let brands = Dictionary::new("brands");
/// brands.add(&cache, ["rolex", "swatch"]).await?;
/// assert_eq!(brands.words(&cache).await?, ["rolex", "swatch"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "FT.DICTADD")]
pub struct Dictionary {
    name: Cow<'static, str>,
}

impl Dictionary {
    /// The dictionary of this name. Nothing is sent; it is there once it has a word.
    ///
    /// A name that is empty, begins or ends with `:` or begins with `~` is an error of every later call.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into() }
    }

    /// Its name on the server.
    pub(super) async fn server_name(&self, cache: &Cache) -> Result<String> {
        let server = cache.asked(None).await?;
        server.require_search("a dictionary")?;
        server.require_coordinator("a dictionary")?;
        Ok(cache.keyspace()?.of_no_model("dictionary", &self.name)?)
    }

    /// Adds words, and says how many were new. Words of which only the case differs are two.
    ///
    /// # Errors
    /// [`Error::Term`](crate::Error::Term) if the server would drop or change a word; then nothing is sent. What kept the
    /// server from answering; then some may be added.
    #[doc(alias = "FT.DICTADD")]
    pub async fn add<T: AsRef<str>>(&self, cache: &Cache, words: impl IntoIterator<Item = T>) -> Result<u64> {
        let name = self.server_name(cache).await?;
        let commands = DictionaryCommands { name: &name }.add(words)?;
        answers(cache, commands).await?.iter().map(|reply| count("FT.DICTADD", reply)).sum()
    }

    /// Removes words, and says how many were there.
    ///
    /// # Errors
    /// As [`add`](Dictionary::add).
    #[doc(alias = "FT.DICTDEL")]
    pub async fn remove<T: AsRef<str>>(
        &self,
        cache: &Cache,
        words: impl IntoIterator<Item = T>,
    ) -> Result<u64> {
        let name = self.server_name(cache).await?;
        let commands = DictionaryCommands { name: &name }.remove(words)?;
        answers(cache, commands).await?.iter().map(|reply| count("FT.DICTDEL", reply)).sum()
    }

    /// All words, sorted, in one answer.
    ///
    /// # Errors
    /// What kept the server from answering.
    #[doc(alias = "FT.DICTDUMP")]
    pub async fn words(&self, cache: &Cache) -> Result<Vec<String>> {
        let name = self.server_name(cache).await?;
        match cache.command(DictionaryCommands { name: &name }.words()).await {
            Ok(reply) => decoded("FT.DICTDUMP", DictionaryCommands::decode_words(reply)),
            // Nothing was ever added.
            Err(error) if error.server_kind() == Some(ServerErrorKind::UnknownDictionary) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
