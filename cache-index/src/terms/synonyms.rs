//! `FT.SYNUPDATE` and `FT.SYNDUMP`: commands, and what they answer.

use std::collections::{BTreeMap, BTreeSet};

use super::error::TermError;
use crate::command::Command;
use crate::error::DecodeError;
use crate::reply::Reply;
use crate::schema::Stopwords;
use crate::text::all_words;

/// The server takes this word for its option.
const OPTION: &str = "skipinitialscan";

/// Groups of synonyms: the words of each, in lower case.
///
/// ```
/// use cache_index::{Reply, SynonymUpdate};
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let group = || Reply::Array(vec![bulk("cars")]);
/// let groups = SynonymUpdate::decode_dump(Reply::Map(vec![(bulk("car"), group()), (bulk("auto"), group())]))?;
/// assert!(groups["cars"].contains("auto"));
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
pub type SynonymGroups = BTreeMap<String, BTreeSet<String>>;

/// Words that become synonyms of each other, and of those that their group has already.
///
/// ```
/// use cache_index::{Stopwords, SynonymUpdate, TermError};
///
/// let update = SynonymUpdate::new("cars", ["Car", "auto"], Stopwords::Default)?;
/// let command = update.command("cache:ad:idx", false).expect("there are words");
/// assert_eq!(
///     command.args().collect::<Vec<_>>(),
///     ["FT.SYNUPDATE", "cache:ad:idx", "cars", "auto", "car"].map(str::as_bytes),
/// );
/// let refused = SynonymUpdate::new("cars", ["motor car"], Stopwords::Default);
/// assert!(matches!(refused, Err(TermError::NotOneWord { .. })));
/// # Ok::<(), cache_index::TermError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SynonymUpdate {
    group: String,
    words: BTreeSet<String>,
}

impl SynonymUpdate {
    /// These words, each written as texts have it, in one group.
    ///
    /// # Errors
    /// [`TermError`] if the group has no name, or one of the words would never be found: several words, none, a stopword,
    /// more than 128 bytes.
    pub fn new<T: AsRef<str>>(
        group: &str,
        words: impl IntoIterator<Item = T>,
        stopwords: Stopwords,
    ) -> Result<Self, TermError> {
        if group.is_empty() {
            return Err(TermError::Empty { what: "group of synonyms" });
        }
        if group.contains('\0') {
            return Err(TermError::Nul { what: "group of synonyms", text: group.to_owned() });
        }
        let words = words.into_iter().map(|word| one_word(word.as_ref(), stopwords));
        Ok(Self { group: group.to_owned(), words: words.collect::<Result<_, _>>()? })
    }

    /// Whether the group has all of the words already.
    pub fn is_part_of(&self, groups: &SynonymGroups) -> bool {
        let Some(there) = groups.get(&self.group) else { return self.words.is_empty() };
        // Later versions fold letters beyond ASCII too.
        self.words.iter().all(|word| there.contains(word) || there.contains(&word.to_lowercase()))
    }

    /// The command; `None`: there are no words.
    pub fn command(&self, index: &str, skip_initial_scan: bool) -> Option<Command> {
        if self.words.is_empty() {
            return None;
        }
        let mut command = Command::new("FT.SYNUPDATE").arg(index).arg(&self.group).repeatable();
        if skip_initial_scan {
            command = command.arg("SKIPINITIALSCAN");
        }
        Some(command.args_from(&self.words))
    }

    /// The command that asks for all groups of an index.
    pub fn dump_command(index: &str) -> Command {
        Command::new("FT.SYNDUMP").arg(index).repeatable()
    }

    /// Reads the answer with all groups.
    ///
    /// # Errors
    /// [`DecodeError`] if it is no list of words with their groups.
    pub fn decode_dump(reply: Reply) -> Result<SynonymGroups, DecodeError> {
        let text = |reply: &Reply| {
            let unexpected = || DecodeError::unexpected("a word in UTF-8", reply.describe());
            reply.as_str().map(str::to_owned).ok_or_else(unexpected)
        };
        let mut groups = SynonymGroups::new();
        for (word, of_groups) in reply.into_pairs()? {
            for group in of_groups.into_items()? {
                groups.entry(text(&group)?).or_default().insert(text(&word)?);
            }
        }
        Ok(groups)
    }
}

fn one_word(term: &str, stopwords: Stopwords) -> Result<String, TermError> {
    let refused = |advice| TermError::NotOneWord { term: term.to_owned(), advice };
    if term.contains('\0') {
        return Err(TermError::Nul { what: "synonym", text: term.to_owned() });
    }
    let mut words = all_words(term);
    let (Some(word), None) = (words.next(), words.next()) else {
        return Err(refused("the server compares words one by one; give each of them, or leave it out"));
    };
    let whole = String::from_utf8_lossy(&word.whole).into_owned();
    if word.cut.is_some() {
        return Err(refused("the index cuts words at 128 bytes; leave it out"));
    }
    if stopwords.contains(&whole) {
        return Err(refused("it is a stopword of the model; leave it out"));
    }
    if whole == OPTION {
        return Err(refused("the server takes it for an option; leave it out"));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(words: &[&str]) -> Result<SynonymUpdate, TermError> {
        SynonymUpdate::new("cars", words, Stopwords::Default)
    }

    #[test]
    fn commands_are_as_documented() {
        let update = update(&["Car", "auto!", "car"]).unwrap();
        let words =
            |command: &Command| command.args().map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
        assert_eq!(words(&update.command("i", false).unwrap()), "FT.SYNUPDATE i cars auto car");
        assert_eq!(
            words(&update.command("i", true).unwrap()),
            "FT.SYNUPDATE i cars SKIPINITIALSCAN auto car"
        );
        assert_eq!(words(&SynonymUpdate::dump_command("i")), "FT.SYNDUMP i");
        assert_eq!(self::update(&[]).unwrap().command("i", false), None);
    }

    #[test]
    fn words_that_would_never_be_found_are_refused() {
        let long = "x".repeat(129);
        for term in ["motor car", "", "?!", "the", "SkipInitialScan", "a\0", &long] {
            assert!(update(&[term]).is_err(), "{term}");
        }
        assert!(SynonymUpdate::new("", ["a"], Stopwords::Default).is_err());
        assert!(SynonymUpdate::new("a\0", ["b"], Stopwords::Default).is_err());
        assert!(SynonymUpdate::new("g", ["the"], Stopwords::Words(&[])).is_ok());
    }

    #[test]
    fn both_protocols_dump_the_same_groups() {
        let bulk = |text: &'static str| Reply::Bulk(text.into());
        let pairs = || {
            [
                (bulk("car"), Reply::Array(vec![bulk("cars"), bulk("vehicles")])),
                (bulk("école"), Reply::Array(vec![bulk("cars")])),
            ]
        };
        let of_resp3 = SynonymUpdate::decode_dump(Reply::Map(pairs().to_vec())).unwrap();
        let flat = pairs().into_iter().flat_map(|(word, groups)| [word, groups]).collect();
        assert_eq!(SynonymUpdate::decode_dump(Reply::Array(flat)).unwrap(), of_resp3);
        assert!(of_resp3["cars"].contains("car") && of_resp3["vehicles"].contains("car"));
        assert!(update(&["CAR", "École"]).unwrap().is_part_of(&of_resp3));
        assert!(!update(&["car", "auto"]).unwrap().is_part_of(&of_resp3));
        assert!(!update(&["car"]).unwrap().is_part_of(&SynonymGroups::new()));
        assert!(update(&[]).unwrap().is_part_of(&SynonymGroups::new()));
    }
}
