//! `FT.SUGADD`, `FT.SUGGET`, `FT.SUGDEL`, `FT.SUGLEN`: commands, and what they answer.

use bytes::Bytes;

use super::entry::{MARK, check_entry, check_prefix};
use super::error::TermError;
use crate::command::{Batch, Command};
use crate::error::DecodeError;
use crate::reply::Reply;

/// A text to be suggested, with its score and what is stored beside it.
///
/// ```
/// use cache_index::{NewSuggestion, SuggestionCommands};
///
/// let city = NewSuggestion::new("Bern", 2.0).payload("CH");
/// let [add, _again] = SuggestionCommands { key: "cities" }.add(&city)?;
/// assert_eq!(
///     add.args().collect::<Vec<_>>(),
///     ["FT.SUGADD", "cities", "Bern", "2", "PAYLOAD", "CH"].map(str::as_bytes),
/// );
/// # Ok::<(), cache_index::TermError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NewSuggestion {
    text: String,
    score: f64,
    payload: Option<Bytes>,
}

impl NewSuggestion {
    /// A text with this score and no payload.
    pub fn new(text: impl Into<String>, score: f64) -> Self {
        Self { text: text.into(), score, payload: None }
    }

    /// Stores these bytes beside the text, in place of those that are there.
    pub fn payload(self, payload: impl Into<Bytes>) -> Self {
        Self { payload: Some(payload.into()), ..self }
    }
}

impl<T: Into<String>> From<(T, f64)> for NewSuggestion {
    fn from((text, score): (T, f64)) -> Self {
        Self::new(text, score)
    }
}

/// A text that was suggested.
///
/// ```
/// use cache_index::{Reply, SuggestRequest};
///
/// let request = SuggestRequest { key: "cities", prefix: "be", fuzzy: false, max: 5, payloads: true };
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let suggestions = request.decode(Reply::Array(vec![bulk("Bern"), bulk("1.5"), bulk("CH")]))?;
/// assert_eq!((&*suggestions[0].text, suggestions[0].score), ("Bern", 1.5));
/// assert_eq!(suggestions[0].payload.as_deref(), Some(&b"CH"[..]));
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Suggestion {
    /// The text as it was added.
    pub text: String,
    /// What the server ranked it by: the score that it was added with, divided by the square root of one more than the
    /// characters that it has beyond the prefix; with a typing error, that divided by 7.4; for the prefix itself, 2^31.
    pub score: f64,
    /// What is stored beside it; `None`: nothing, or it was not asked for.
    pub payload: Option<Bytes>,
}

/// The commands about the suggestions under one key.
///
/// ```
/// use cache_index::SuggestionCommands;
///
/// let commands = SuggestionCommands { key: "cities" };
/// assert_eq!(commands.len().name(), "FT.SUGLEN");
/// assert!(commands.increment("Bern", 1.0)?.is_atomic());
/// assert!(commands.increment("Bern", 0.0).is_err(), "no score");
/// # Ok::<(), cache_index::TermError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SuggestionCommands<'a> {
    /// The key.
    pub key: &'a str,
}

impl SuggestionCommands<'_> {
    /// Adds a text, or gives it this score.
    ///
    /// The command comes twice. RediSearch keeps at each place of its trie the best score below, to pass by places that
    /// are not good enough. When a text is added that others begin with, it does not count that text's own score there,
    /// and would pass it by after the next deletion nearby. The second time it does.
    ///
    /// # Errors
    /// [`TermError`] if text, score or payload would be dropped or changed.
    pub fn add(&self, suggestion: &NewSuggestion) -> Result<[Command; 2], TermError> {
        let command = self.added(&suggestion.text, suggestion.score)?;
        let command = match &suggestion.payload {
            None => command,
            Some(payload) if payload.is_empty() => {
                return Err(TermError::EmptyPayload { text: suggestion.text.clone() });
            }
            Some(payload) => command.arg("PAYLOAD").arg(payload),
        };
        let command = command.repeatable();
        Ok([command.clone(), command])
    }

    /// Adds to the score of a text, or adds the text with this score: one transaction.
    ///
    /// RediSearch does not see the sum, but what is added, when it keeps the best score below each place of its trie (see
    /// [`add`](SuggestionCommands::add)), so that it passes by what was counted up. A deletion computes these scores
    /// anew, and so a text behind this one comes and goes in the same transaction.
    ///
    /// # Errors
    /// [`TermError`] if text or score would be dropped or changed.
    pub fn increment(&self, text: &str, by: f64) -> Result<Batch, TermError> {
        let increment = self.added(text, by)?.arg("INCR");
        let behind = format!("{text}{MARK}");
        let come = Command::new("FT.SUGADD").key(self.key).arg(&behind).arg("1");
        let go = Command::new("FT.SUGDEL").key(self.key).arg(&behind);
        Ok(Batch::atomic(vec![increment, come, go]))
    }

    /// Deletes a text. The answer is 1 if it was there.
    ///
    /// # Errors
    /// [`TermError`] if no text can be like this; the server would delete another one.
    pub fn delete(&self, text: &str) -> Result<Command, TermError> {
        check_entry("text", text)?;
        Ok(Command::new("FT.SUGDEL").key(self.key).arg(text))
    }

    /// Counts the texts.
    pub fn len(&self) -> Command {
        Command::new("FT.SUGLEN").key(self.key).repeatable()
    }

    fn added(&self, text: &str, score: f64) -> Result<Command, TermError> {
        check_entry("text", text)?;
        let kept = score as f32;
        if !(kept > 0.0 && kept.is_finite()) {
            return Err(TermError::Score { score });
        }
        Ok(Command::new("FT.SUGADD").key(self.key).arg(text).arg_display(score))
    }
}

/// A question for the suggestions that begin with a prefix.
///
/// ```
/// use cache_index::SuggestRequest;
///
/// let request = SuggestRequest { key: "cities", prefix: "be", fuzzy: true, max: 5, payloads: false };
/// assert_eq!(
///     request.command()?.args().collect::<Vec<_>>(),
///     ["FT.SUGGET", "cities", "be", "FUZZY", "WITHSCORES", "MAX", "5"].map(str::as_bytes),
/// );
/// # Ok::<(), cache_index::TermError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuggestRequest<'a> {
    /// The key.
    pub key: &'a str,
    /// What the texts begin with; empty: all of them.
    pub prefix: &'a str,
    /// Whether the prefix may have one typing error.
    pub fuzzy: bool,
    /// How many suggestions are wanted at most, at least 1.
    pub max: u16,
    /// Whether payloads are wanted.
    pub payloads: bool,
}

impl SuggestRequest<'_> {
    /// The command.
    ///
    /// # Errors
    /// [`TermError`] if the server would refuse the prefix, cut it, or change it.
    pub fn command(&self) -> Result<Command, TermError> {
        check_prefix(self.prefix)?;
        let mut command = Command::new("FT.SUGGET").key(self.key).arg(self.prefix);
        if self.fuzzy {
            command = command.arg("FUZZY");
        }
        command = command.arg("WITHSCORES");
        if self.payloads {
            command = command.arg("WITHPAYLOADS");
        }
        Ok(command.arg("MAX").arg_display(self.max).repeatable())
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// [`DecodeError`] if it is no list of texts, scores and, where they were asked for, payloads.
    pub fn decode(&self, reply: Reply) -> Result<Vec<Suggestion>, DecodeError> {
        // Nothing was ever added.
        if reply == Reply::Nil {
            return Ok(Vec::new());
        }
        let mut items = reply.into_items()?.into_iter();
        let mut suggestions = Vec::new();
        while let Some(text) = items.next() {
            let text = text
                .as_str()
                .ok_or_else(|| DecodeError::unexpected("a suggestion's text in UTF-8", text.describe()))?
                .to_owned();
            let score =
                items.next().as_ref().and_then(Reply::as_double).ok_or(DecodeError::Missing("score"))?;
            let payload = match self.payloads.then(|| items.next()) {
                Some(Some(Reply::Bulk(payload))) => Some(payload),
                Some(None) => return Err(DecodeError::Missing("payload")),
                Some(Some(_)) | None => None,
            };
            suggestions.push(Suggestion { text, score, payload });
        }
        Ok(suggestions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: SuggestionCommands<'_> = SuggestionCommands { key: "k" };

    fn words(command: &Command) -> String {
        command.args().map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
    }

    fn bulk(text: &'static str) -> Reply {
        Reply::Bulk(text.into())
    }

    #[test]
    fn commands_are_as_documented() {
        let [one, other] = COMMANDS.add(&("Bern", 1.5).into()).unwrap();
        assert_eq!(words(&one), "FT.SUGADD k Bern 1.5");
        assert_eq!(one, other);
        assert!(one.is_repeatable());
        let [one, _] = COMMANDS.add(&NewSuggestion::new("INCR", 2.0).payload("CH")).unwrap();
        assert_eq!(words(&one), "FT.SUGADD k INCR 2 PAYLOAD CH");
        let batch = COMMANDS.increment("Bern", 3.0).unwrap();
        assert!(batch.is_atomic() && !batch.is_repeatable());
        let sent: Vec<_> = batch.commands().iter().map(words).collect();
        assert_eq!(
            sent,
            ["FT.SUGADD k Bern 3 INCR", "FT.SUGADD k Bern\u{ffff} 1", "FT.SUGDEL k Bern\u{ffff}"]
        );
        assert_eq!(words(&COMMANDS.delete("Bern").unwrap()), "FT.SUGDEL k Bern");
        assert_eq!(words(&COMMANDS.len()), "FT.SUGLEN k");
        assert_eq!(COMMANDS.len().route_key(), Some(&b"k"[..]));
    }

    #[test]
    fn scores_that_would_be_lost_are_refused() {
        for score in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e39, 1e-50] {
            assert!(matches!(COMMANDS.add(&("a", score).into()), Err(TermError::Score { .. })), "{score}");
            assert!(COMMANDS.increment("a", score).is_err(), "{score}");
        }
        let empty = NewSuggestion::new("a", 1.0).payload("");
        assert_eq!(COMMANDS.add(&empty), Err(TermError::EmptyPayload { text: "a".to_owned() }));
    }

    #[test]
    fn both_protocols_give_the_same_suggestions() {
        let mut request = SuggestRequest { key: "k", prefix: "b", fuzzy: false, max: 5, payloads: true };
        assert_eq!(words(&request.command().unwrap()), "FT.SUGGET k b WITHSCORES WITHPAYLOADS MAX 5");
        let of_resp2 =
            Reply::Array(vec![bulk("Bern"), bulk("0.5"), bulk("CH"), bulk("Bonn"), bulk("inf"), Reply::Nil]);
        let of_resp3 = Reply::Array(vec![
            bulk("Bern"),
            Reply::Double(0.5),
            bulk("CH"),
            bulk("Bonn"),
            Reply::Double(f64::INFINITY),
            Reply::Nil,
        ]);
        let found = request.decode(of_resp2).unwrap();
        assert_eq!(found, request.decode(of_resp3).unwrap());
        assert_eq!((found[0].payload.as_deref(), found[1].payload.as_ref()), (Some(&b"CH"[..]), None));
        assert_eq!((found[1].text.as_str(), found[1].score), ("Bonn", f64::INFINITY));
        assert_eq!(request.decode(Reply::Nil).unwrap(), []);

        request = SuggestRequest { fuzzy: true, payloads: false, ..request };
        assert_eq!(words(&request.command().unwrap()), "FT.SUGGET k b FUZZY WITHSCORES MAX 5");
        let found = request.decode(Reply::Array(vec![bulk("Bern"), bulk("0.5")])).unwrap();
        assert_eq!(found[0].payload, None);
        assert!(request.decode(Reply::Array(vec![bulk("Bern")])).is_err());
        assert!(request.decode(Reply::Int(1)).is_err());
    }
}
