//! `FT.DICTADD`, `FT.DICTDEL`, `FT.DICTDUMP`: commands, and what they answer.

use super::entry::check_entry;
use super::error::TermError;
use crate::command::Command;
use crate::error::DecodeError;
use crate::reply::Reply;

/// What the index writes before stems, synonyms and sounds, which stand among its words.
pub(super) const MARKS: [char; 3] = ['+', '~', '<'];

/// How many words one command holds at most.
const CHUNK: usize = 500;

/// The commands about the dictionary of this name.
///
/// ```
/// use cache_index::DictionaryCommands;
///
/// let dictionary = DictionaryCommands { name: "cache:~:dictionary:brands" };
/// let commands = dictionary.add(["Ovomaltine", "Rivella"])?;
/// assert_eq!(commands.len(), 1);
/// assert_eq!(
///     commands[0].args().collect::<Vec<_>>(),
///     ["FT.DICTADD", "cache:~:dictionary:brands", "Ovomaltine", "Rivella"].map(str::as_bytes),
/// );
/// # Ok::<(), cache_index::TermError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct DictionaryCommands<'a> {
    /// The dictionary's name on the server, which keeps those of all namespaces together.
    pub name: &'a str,
}

impl DictionaryCommands<'_> {
    /// Adds words, in as many commands as it takes; each answers how many were new. No words: no commands.
    ///
    /// # Errors
    /// [`TermError`] if a word would be dropped, changed, or never be suggested.
    pub fn add<T: AsRef<str>>(&self, words: impl IntoIterator<Item = T>) -> Result<Vec<Command>, TermError> {
        self.with_words("FT.DICTADD", words)
    }

    /// Removes words, in as many commands as it takes; each answers how many were there. No words: no commands.
    ///
    /// # Errors
    /// [`TermError`] if no word can be like one of these; the server would remove another one.
    pub fn remove<T: AsRef<str>>(
        &self,
        words: impl IntoIterator<Item = T>,
    ) -> Result<Vec<Command>, TermError> {
        self.with_words("FT.DICTDEL", words)
    }

    /// Asks for all words.
    pub fn words(&self) -> Command {
        Command::new("FT.DICTDUMP").arg(self.name).repeatable()
    }

    /// Reads the answer with all words; they come in order.
    ///
    /// # Errors
    /// [`DecodeError`] if it is no list of texts.
    pub fn decode_words(reply: Reply) -> Result<Vec<String>, DecodeError> {
        texts(reply, "a word in UTF-8")
    }

    fn with_words<T: AsRef<str>>(
        &self,
        name: &'static str,
        words: impl IntoIterator<Item = T>,
    ) -> Result<Vec<Command>, TermError> {
        let mut commands: Vec<Command> = Vec::new();
        let mut last: Option<Command> = None;
        for word in words {
            let word = word.as_ref();
            check_entry("word", word)?;
            if word.starts_with(MARKS) {
                return Err(TermError::Marked { word: word.to_owned() });
            }
            if last.as_ref().is_some_and(|command| command.args().len() >= CHUNK + 2) {
                commands.extend(last.take());
            }
            // Adding or removing a word again changes nothing but the count that is answered.
            let command = last.unwrap_or_else(|| Command::new(name).arg(self.name).repeatable());
            last = Some(command.arg(word));
        }
        commands.extend(last);
        Ok(commands)
    }
}

/// A list, or what RESP3 calls a set, of texts, sorted.
pub(super) fn texts(reply: Reply, expected: &'static str) -> Result<Vec<String>, DecodeError> {
    let text = |item: Reply| {
        item.as_str().map(str::to_owned).ok_or_else(|| DecodeError::unexpected(expected, item.describe()))
    };
    let mut texts: Vec<String> = reply.into_items()?.into_iter().map(text).collect::<Result<_, _>>()?;
    texts.sort_unstable();
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: DictionaryCommands<'_> = DictionaryCommands { name: "d" };

    #[test]
    fn words_travel_together() {
        let commands = COMMANDS.add((0..1_001).map(|number| format!("w{number}"))).unwrap();
        assert_eq!(commands.iter().map(|command| command.args().len()).collect::<Vec<_>>(), [502, 502, 3]);
        let last: Vec<_> = commands[2].args().collect();
        assert_eq!(last, [&b"FT.DICTADD"[..], b"d", b"w1000"]);
        let remove = COMMANDS.remove(["a b"]).unwrap();
        assert_eq!(remove[0].args().collect::<Vec<_>>(), [&b"FT.DICTDEL"[..], b"d", b"a b"]);
        assert!(COMMANDS.add(Vec::<String>::new()).unwrap().is_empty());
    }

    #[test]
    fn words_that_would_be_lost_are_refused() {
        assert_eq!(COMMANDS.add(["ok", ""]), Err(TermError::Empty { what: "word" }));
        assert!(matches!(COMMANDS.add(["+run"]), Err(TermError::Marked { .. })));
        assert!(matches!(COMMANDS.remove(["a\0"]), Err(TermError::Nul { .. })));
    }

    #[test]
    fn texts_are_sorted_and_are_texts() {
        let reply = |items: [&'static [u8]; 2]| {
            Reply::Array(items.map(|item| Reply::Bulk(bytes::Bytes::from_static(item))).to_vec())
        };
        assert_eq!(DictionaryCommands::decode_words(reply([b"b", b"a"])).unwrap(), ["a", "b"]);
        assert!(DictionaryCommands::decode_words(reply([b"b", b"\xff"])).is_err());
    }
}
