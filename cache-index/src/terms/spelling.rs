//! `FT.SPELLCHECK`: a text's words as commands, and what they answer.

use super::dictionary::MARKS;
use super::error::TermError;
use crate::command::Command;
use crate::error::DecodeError;
use crate::reply::Reply;
use crate::schema::Stopwords;
use crate::text::distinct_words;

/// How many words one command asks for: some hundreds side by side are more than the server's parser holds.
const CHUNK: usize = 100;

/// The most characters of a word at the distances 1 to 4. The server does not look for longer ones than 100
/// (`TRIE_MAX_PREFIX`); at the larger distances it thinks about a longer word for seconds, in which it answers nobody.
const MOST: [usize; 4] = [100, 100, 32, 16];

/// A word that is not in the index, and what could be meant.
///
/// ```
/// use cache_index::{Reply, SpellingRequest};
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let answer = Reply::Map(vec![(
///     bulk("results"),
///     Reply::Map(vec![(bulk("xyzzy"), Reply::Array(vec![])), (bulk("rsut"), Reply::Array(vec![
///         Reply::Map(vec![(bulk("rust"), Reply::Double(0.25))]),
///     ]))]),
/// )]);
/// let words = SpellingRequest::decode(answer)?;
/// assert!(words[0].suggestions.is_empty());
/// assert_eq!((&*words[1].term, &*words[1].suggestions[0].term), ("rsut", "rust"));
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Misspelled {
    /// The word, in lower case.
    pub term: String,
    /// What could be meant, the most frequent first; none: nothing in the index or the dictionaries is near.
    pub suggestions: Vec<Correction>,
}

/// A word that could be meant.
///
/// ```
/// use cache_index::{Correction, Reply, SpellingRequest};
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let found = Reply::Array(vec![
///     Reply::Map(vec![(bulk("rust"), Reply::Double(0.25))]),
///     Reply::Map(vec![(bulk("rest"), Reply::Double(0.0))]),
/// ]);
/// let answer = Reply::Map(vec![(bulk("results"), Reply::Map(vec![(bulk("rsut"), found)]))]);
/// let words = SpellingRequest::decode(answer)?;
/// let of_texts: Vec<&Correction> = words[0].suggestions.iter().filter(|word| word.score > 0.0).collect();
/// assert_eq!(of_texts.len(), 1, "the other one stands in a dictionary alone");
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Correction {
    /// The word.
    pub term: String,
    /// The share of the index's documents that have it, from 0 to 1, as far as the server keeps count: documents that are
    /// gone are counted until it has cleaned up. 0: it stands in a dictionary alone.
    pub score: f64,
}

/// A question for the spelling of a text.
///
/// ```
/// use cache_index::{SpellingRequest, Stopwords};
///
/// let request = SpellingRequest {
///     index: "cache:book:idx",
///     stopwords: Stopwords::Default,
///     text: "the rsut book",
///     distance: 2,
///     include: &[],
///     exclude: &[],
/// };
/// let commands = request.commands()?;
/// assert_eq!(
///     commands[0].args().collect::<Vec<_>>(),
///     ["FT.SPELLCHECK", "cache:book:idx", "rsut book ", "DISTANCE", "2", "DIALECT", "2"].map(str::as_bytes),
/// );
/// # Ok::<(), cache_index::TermError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SpellingRequest<'a> {
    /// The index.
    pub index: &'a str,
    /// The words that the index leaves out.
    pub stopwords: Stopwords,
    /// The text.
    pub text: &'a str,
    /// How many letters may be wrong, 1 to 4.
    pub distance: u8,
    /// Dictionaries whose words are suggested too.
    pub include: &'a [String],
    /// Dictionaries whose words are not misspelled.
    pub exclude: &'a [String],
}

impl SpellingRequest<'_> {
    /// The commands, one for a hundred words. No words, or only stopwords: no commands.
    ///
    /// The text is not sent as it is: the server would read it as a query. Each word of it is written so that no
    /// operator can be in it. Parameters, which queries have for that, crash RediSearch 2.10.5 here.
    ///
    /// # Errors
    /// [`TermError`] if the distance is none, the text has U+0000, or a word is too long.
    pub fn commands(&self) -> Result<Vec<Command>, TermError> {
        let distance = self.distance;
        let most = usize::from(distance).checked_sub(1).and_then(|number| MOST.get(number));
        let Some(&most) = most else { return Err(TermError::Distance { distance }) };
        if self.text.contains('\0') {
            return Err(TermError::Nul { what: "text", text: self.text.to_owned() });
        }
        let mut words = Vec::new();
        for word in distinct_words(self.text, self.stopwords) {
            let word = String::from_utf8_lossy(&word.whole).into_owned();
            if word.chars().count() > most {
                return Err(TermError::WordTooLong { word, distance, most });
            }
            words.push(word);
        }
        Ok(words.chunks(CHUNK).map(|words| self.command(words)).collect())
    }

    fn command(&self, words: &[String]) -> Command {
        let mut text = String::new();
        for word in words {
            // The one word that the parser knows: a text in quotes is none. No other is quoted, since escapes in quotes
            // come back as U+0000.
            let quote = if word == "ismissing" { "\"" } else { "" };
            text.push_str(quote);
            for character in word.chars() {
                if is_syntax(character) {
                    text.push('\\');
                }
                text.push(character);
            }
            text.push_str(quote);
            // Behind the last word too: the server looks for its options among all arguments, so that the text may be
            // none of `DISTANCE`, `TERMS` and `FULLSCOREINFO`.
            text.push(' ');
        }
        let mut command = Command::new("FT.SPELLCHECK").arg(self.index).arg(text);
        command = command.arg("DISTANCE").arg_display(self.distance);
        for (how, dictionaries) in [("INCLUDE", self.include), ("EXCLUDE", self.exclude)] {
            for name in dictionaries {
                command = command.arg("TERMS").arg(how).arg(name);
            }
        }
        command.args_from(["DIALECT", "2"]).repeatable()
    }

    /// Reads the answer to one of the commands.
    ///
    /// # Errors
    /// [`DecodeError`] if it is no list of words with what could be meant.
    pub fn decode(reply: Reply) -> Result<Vec<Misspelled>, DecodeError> {
        match reply {
            Reply::Map(pairs) => {
                let results = pairs.into_iter().find(|(name, _)| name.as_str() == Some("results"));
                let (_, results) = results.ok_or(DecodeError::Missing("results"))?;
                let word = |(term, suggestions)| misspelled(&term, suggestions, of_resp3);
                results.into_pairs()?.into_iter().map(word).collect()
            }
            other => other.into_items()?.into_iter().map(of_list).collect(),
        }
    }
}

/// Also `_`, which is a letter of words, but nothing where it stands alone.
fn is_syntax(character: char) -> bool {
    character.is_ascii_punctuation() || character.is_ascii_whitespace()
}

/// RESP2: `TERM`, the word, and a list of pairs.
fn of_list(item: Reply) -> Result<Misspelled, DecodeError> {
    let mut parts = item.into_items()?.into_iter().skip(1);
    match (parts.next(), parts.next()) {
        (Some(term), Some(suggestions)) => misspelled(&term, suggestions, of_resp2),
        _ => Err(DecodeError::Missing("a word and what could be meant")),
    }
}

fn misspelled(
    term: &Reply,
    suggestions: Reply,
    read: impl Fn(Reply) -> Result<(Reply, Reply), DecodeError>,
) -> Result<Misspelled, DecodeError> {
    let mut corrections = Vec::new();
    for suggestion in suggestions.into_items()? {
        let (word, score) = read(suggestion)?;
        let (term, score) = (text(&word)?, score.as_double().ok_or(DecodeError::Missing("score"))?);
        // Stems, synonyms and sounds stand among the words of the index.
        if !term.starts_with(MARKS) {
            corrections.push(Correction { term, score });
        }
    }
    Ok(Misspelled { term: text(term)?, suggestions: corrections })
}

/// A score and a word.
fn of_resp2(suggestion: Reply) -> Result<(Reply, Reply), DecodeError> {
    let mut parts = suggestion.into_items()?.into_iter();
    match (parts.next(), parts.next()) {
        (Some(score), Some(word)) => Ok((word, score)),
        _ => Err(DecodeError::Missing("a score and a word")),
    }
}

/// A map of one word to its score.
fn of_resp3(suggestion: Reply) -> Result<(Reply, Reply), DecodeError> {
    suggestion.into_pairs()?.pop().ok_or(DecodeError::Missing("a word and its score"))
}

fn text(reply: &Reply) -> Result<String, DecodeError> {
    reply
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| DecodeError::unexpected("a word in UTF-8", reply.describe()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> SpellingRequest<'_> {
        SpellingRequest {
            index: "i",
            stopwords: Stopwords::Default,
            text,
            distance: 1,
            include: &[],
            exclude: &[],
        }
    }

    fn sent(request: &SpellingRequest<'_>) -> Vec<String> {
        let commands = request.commands().unwrap();
        let words =
            |command: &Command| command.args().map(String::from_utf8_lossy).collect::<Vec<_>>().join("|");
        commands.iter().map(words).collect()
    }

    #[test]
    fn a_text_is_words_and_nothing_else() {
        let text = |text: &str| sent(&request(text)).pop().unwrap_or_default();
        let around = |words: &str| format!("FT.SPELLCHECK|i|{words}|DISTANCE|1|DIALECT|2");
        assert_eq!(text("Helo, @title:(wrld) -$p =>{x}"), around("helo title wrld p x "));
        assert_eq!(text("distance"), around("distance "));
        assert_eq!(text(r"a\,b und\_er"), around(r"a\,b und\_er "));
        assert_eq!(text("IsMissing(@a)"), around("\"ismissing\" "), "`a` is a stopword");
        assert_eq!(text("to be or not to be!"), "", "stopwords are not words of the index");
        assert_eq!(text("twice Twice"), around("twice "));
    }

    #[test]
    fn dictionaries_and_distance_are_asked_for() {
        let (include, exclude) = (["a".to_owned()], ["b".to_owned(), "c".to_owned()]);
        let request =
            SpellingRequest { distance: 3, include: &include, exclude: &exclude, ..request("helo") };
        assert_eq!(
            sent(&request),
            ["FT.SPELLCHECK|i|helo |DISTANCE|3|TERMS|INCLUDE|a|TERMS|EXCLUDE|b|TERMS|EXCLUDE|c|DIALECT|2"]
        );
        let many: String = (0..250).map(|number| format!("w{number} ")).collect();
        assert_eq!(sent(&SpellingRequest { text: &many, ..request }).len(), 3);
    }

    #[test]
    fn what_the_server_cannot_check_is_refused() {
        let refused =
            |text: &str, distance| SpellingRequest { distance, ..request(text) }.commands().unwrap_err();
        assert_eq!(refused("a", 0), TermError::Distance { distance: 0 });
        assert_eq!(refused("a", 5), TermError::Distance { distance: 5 });
        assert!(matches!(refused("a\0", 1), TermError::Nul { .. }));
        for (distance, most) in [(1, 100), (2, 100), (3, 32), (4, 16)] {
            let (longest, longer) = ("é".repeat(most), "é".repeat(most + 1));
            assert!(SpellingRequest { distance, ..request(&longest) }.commands().is_ok());
            assert!(matches!(refused(&longer, distance), TermError::WordTooLong { .. }));
        }
    }

    #[test]
    fn both_protocols_give_the_same_answer() {
        let bulk = |text: &'static str| Reply::Bulk(text.into());
        let of_resp2 = Reply::Array(vec![Reply::Array(vec![
            Reply::Status("TERM".into()),
            bulk("helo"),
            Reply::Array(vec![
                Reply::Array(vec![bulk("0.5"), bulk("+hel")]),
                Reply::Array(vec![bulk("0.25"), bulk("hello")]),
            ]),
        ])]);
        let of_resp3 = Reply::Map(vec![(
            bulk("results"),
            Reply::Map(vec![(
                bulk("helo"),
                Reply::Array(vec![
                    Reply::Map(vec![(bulk("+hel"), Reply::Double(0.5))]),
                    Reply::Map(vec![(bulk("hello"), Reply::Double(0.25))]),
                ]),
            )]),
        )]);
        let answer = SpellingRequest::decode(of_resp2).unwrap();
        assert_eq!(answer, SpellingRequest::decode(of_resp3).unwrap());
        let hello = Correction { term: "hello".to_owned(), score: 0.25 };
        assert_eq!(answer, [Misspelled { term: "helo".to_owned(), suggestions: vec![hello] }]);
        assert_eq!(SpellingRequest::decode(Reply::Array(vec![])).unwrap(), []);
        assert!(SpellingRequest::decode(Reply::Int(3)).is_err());
        assert!(SpellingRequest::decode(Reply::Map(vec![])).is_err());
    }
}
