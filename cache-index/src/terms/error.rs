//! Texts, words and numbers that the server would drop or change without an error.

/// What has no true answer around queries; nothing was sent.
///
/// ```
/// use cache_index::{DictionaryCommands, TermError};
///
/// let refused = DictionaryCommands { name: "brands" }.add(["+1"]).unwrap_err();
/// assert_eq!(refused, TermError::Marked { word: "+1".to_owned() });
/// assert_eq!(
///     refused.to_string(),
///     "`+1` begins with a mark of the index (`+`, `~` or `<`) and would never be suggested; remove it",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TermError {
    /// A text without characters, which the server would not keep.
    #[error("the {what} is empty; the server would not keep it")]
    Empty {
        /// What is empty.
        what: &'static str,
    },
    /// U+0000, at which the server ends a text.
    #[error("the {what} {text:?} has U+0000, at which the server would cut it; remove it")]
    Nul {
        /// What has it.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// A character that the server turns into another: its tries hold 16 bits of each.
    #[error(
        "the {what} {text:?} has {character:?}, which the server would turn into another character; remove it"
    )]
    Character {
        /// What has it.
        what: &'static str,
        /// The text.
        text: String,
        /// The first such character: beyond U+FFFF, or U+FFFF itself.
        character: char,
    },
    /// A text longer than the server keeps or looks at.
    #[error(
        "the {what} `{}…` is longer than {characters} characters or {bytes} bytes; shorten it",
        beginning(.text)
    )]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The text.
        text: String,
        /// The most characters.
        characters: usize,
        /// The most bytes.
        bytes: usize,
    },
    /// A score that the server would not keep, or not as it is.
    #[error("{score:?} is no score; use a number greater than zero that an `f32` holds")]
    Score {
        /// The score.
        score: f64,
    },
    /// A payload without bytes, which the server takes for none.
    #[error("the payload of `{text}` is empty, which the server takes for none; leave it out")]
    EmptyPayload {
        /// The suggestion's text.
        text: String,
    },
    /// A word of a dictionary that looks like the marks which the index writes before stems, sounds and synonyms.
    #[error(
        "`{word}` begins with a mark of the index (`+`, `~` or `<`) and would never be suggested; remove it"
    )]
    Marked {
        /// The word.
        word: String,
    },
    /// A distance at which nothing can be asked.
    #[error("{distance} is no distance between spellings; use 1, 2, 3 or 4")]
    Distance {
        /// The distance.
        distance: u8,
    },
    /// A word for which the server cannot look, or would keep everybody waiting, at this distance.
    #[error(
        "`{}…` has more than the {most} characters that can be checked at distance {distance}; lower the distance, \
         or leave the word out",
        beginning(.word)
    )]
    WordTooLong {
        /// The word.
        word: String,
        /// The distance.
        distance: u8,
        /// The most characters of a word at this distance.
        most: usize,
    },
    /// A synonym that no word of a text equals.
    #[error("`{term}` is no single word of the index, so it would never be a synonym; {advice}")]
    NotOneWord {
        /// The synonym.
        term: String,
        /// What to do.
        advice: &'static str,
    },
    /// A model whose index has no words.
    #[error("no field of `{model}` is indexed as text; write `#[index(text)]` at the fields that have words")]
    NoText {
        /// The model.
        model: &'static str,
    },
}

/// Enough of a long text to know it by.
fn beginning(text: &str) -> String {
    text.chars().take(20).collect()
}
