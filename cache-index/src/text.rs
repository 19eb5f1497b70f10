//! Words of a text as RediSearch sees them: its tokenizer, its case folding, its stemmer.
//!
//! After `toksep.h`, `tokenize.c` and `ext/default.c` of RediSearch 2.10.5. Later versions fold non-ASCII letters
//! too and do not cut long words; both sides of a query change alike, so that a text still finds itself.

use std::collections::HashSet;

use rust_stemmers::Stemmer;

use crate::schema::Stopwords;

/// What ends a word, unless a backslash stands before it (`ToksepMap_g`). A line break does not.
const SEPARATORS: &[u8] = b" \t,./(){}[]:;~!@#$%^&*-=+|'`\"<>?";

/// Where RediSearch 2.10 cuts a word (`MAX_NORMALIZE_SIZE`), in bytes of the text.
const MAX_WORD: usize = 128;

/// The shortest word that is stemmed when it is indexed (`DEFAULT_MIN_STEM_LENGTH`), in bytes.
const MIN_STEMMED: usize = 4;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The word as later versions index it.
    pub(crate) whole: Vec<u8>,
    /// The word as version 2.10 indexes it, if that is another: cut, perhaps within a character.
    pub(crate) cut: Option<Vec<u8>>,
}

impl Word {
    /// As version 2.10 indexes it.
    pub(crate) fn stored(&self) -> &[u8] {
        self.cut.as_ref().unwrap_or(&self.whole)
    }

    /// As any version indexes it.
    fn forms(&self) -> impl Iterator<Item = &[u8]> {
        [Some(&self.whole), self.cut.as_ref()].into_iter().flatten().map(Vec::as_slice)
    }
}

/// The words of a search text, stopwords left out, each one once.
pub(crate) fn distinct_words(text: &str, stopwords: Stopwords) -> Vec<Word> {
    let mut seen = HashSet::new();
    words(text, stopwords).into_iter().filter(|word| seen.insert(word.whole.clone())).collect()
}

/// The words of a text, stopwords left out, in order.
pub(crate) fn words(text: &str, stopwords: Stopwords) -> Vec<Word> {
    all_words(text)
        .filter(|word| !std::str::from_utf8(&word.whole).is_ok_and(|word| stopwords.contains(word)))
        .collect()
}

/// The words of a text, stopwords among them, in order.
pub(crate) fn all_words(text: &str) -> impl Iterator<Item = Word> {
    let mut rest = Some(text.as_bytes());
    std::iter::from_fn(move || {
        loop {
            let (raw, after) = next_raw(rest?);
            rest = after;
            let whole = normalize(raw);
            if whole.is_empty() {
                continue;
            }
            let cut = raw.get(..MAX_WORD).filter(|_| raw.len() > MAX_WORD).map(normalize);
            return Some(Word { whole, cut });
        }
    })
}

/// Whether the text has nothing that ends a word, and nothing that the index leaves out of one.
pub(crate) fn is_one_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| !SEPARATORS.contains(&byte) && !byte.is_ascii_control())
}

/// The bytes before the next separator, and what follows it.
fn next_raw(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut escaped = false;
    for (position, byte) in text.iter().enumerate() {
        if SEPARATORS.contains(byte) && !escaped {
            let (raw, rest) = text.split_at(position);
            return (raw, rest.get(1..));
        }
        escaped = !escaped && *byte == b'\\';
    }
    (text, None)
}

/// ASCII letters in lower case; control characters and the backslashes of escapes left out.
fn normalize(raw: &[u8]) -> Vec<u8> {
    let mut word = Vec::with_capacity(raw.len());
    let mut escaped = false;
    for byte in raw {
        match byte {
            b'\\' if !escaped => {
                escaped = true;
                continue;
            }
            byte if byte.is_ascii_control() => {}
            byte => word.push(byte.to_ascii_lowercase()),
        }
        escaped = false;
    }
    word
}

/// Whether the server would read an escape into the word when it is bound as a parameter: it drops a backslash
/// before punctuation or blank (`rm_strdupcase`), and no way of writing it keeps both.
pub(crate) fn is_searchable(word: &[u8]) -> bool {
    !word.windows(2).any(|pair| {
        matches!(pair, [b'\\', next] if next.is_ascii_punctuation() || next.is_ascii_whitespace() || *next == 0x0b)
    })
}

/// Whether the server would change the word when it stands in a prefix: it folds a prefix fully (`ß` to `ss`, `Ä` to
/// `ä`), and the words of a text in ASCII only; and its trie of words holds 16 bits of a character.
pub(crate) fn folds_in_prefixes(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else { return true };
    word.chars().any(|letter| {
        let folded = letter.to_uppercase().flat_map(char::to_lowercase);
        letter > '\u{ffff}' || !folded.eq([letter])
    })
}

/// Whether the word has a character of which the server's trees of words do not hold all bits.
pub(crate) fn is_beyond_16_bits(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(|word| word.chars().any(|letter| letter > '\u{ffff}'))
}

/// The terms that the server looks for in place of a word of a query, each once: the word, and where words are stemmed, the
/// stem of other words, marked by `+`, and the stem as a word (`StemmerExpander` in `ext/default.c`).
pub(crate) fn terms(word: &Word, stemmer: Option<&Stemmer>) -> Vec<Vec<u8>> {
    let mut terms: Vec<_> = word.forms().map(<[u8]>::to_vec).collect();
    for form in word.forms() {
        let (Some(stemmer), Ok(text)) = (stemmer, std::str::from_utf8(form)) else { continue };
        let stem = stemmer.stem(text);
        for term in [format!("+{stem}").into_bytes(), stem.into_owned().into_bytes()] {
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
    }
    terms
}

/// Whether the server looks for the word under no other form, apart from its mark as a stem.
pub(crate) fn is_its_stem(word: &Word, stemmer: Option<&Stemmer>) -> bool {
    let Some(stemmer) = stemmer else { return true };
    word.forms().all(|form| std::str::from_utf8(form).is_ok_and(|text| stemmer.stem(text) == text))
}

/// The stem under which the index has a word too, with its mark; `None`: it is indexed as it is written.
pub(crate) fn marked_stem(indexed: &Word, stemmer: &Stemmer) -> Option<Vec<u8>> {
    let stored = std::str::from_utf8(indexed.stored()).ok()?;
    let stem = stemmer.stem(stored);
    (stored.len() >= MIN_STEMMED && stem != stored).then(|| format!("+{stem}").into_bytes())
}

/// Whether a query for these terms finds a text with the word, which the index has under this stem too.
pub(crate) fn is_found(indexed: &Word, marked_stem: Option<&[u8]>, terms: &[Vec<u8>]) -> bool {
    terms.iter().any(|term| term == indexed.stored() || Some(term.as_slice()) == marked_stem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Language;

    fn split(text: &str) -> Vec<String> {
        words(text, Stopwords::Default)
            .into_iter()
            .map(|word| String::from_utf8_lossy(&word.whole).into_owned())
            .collect()
    }

    #[test]
    fn words_end_at_punctuation_and_blanks() {
        assert_eq!(split("The quick-brown FOX, (jumps)!"), ["quick", "brown", "fox", "jumps"]);
        assert_eq!(split("under_score stays"), ["under_score", "stays"]);
    }

    #[test]
    fn a_line_break_ends_no_word() {
        assert_eq!(split("foo\nbar"), ["foobar"]);
    }

    #[test]
    fn a_backslash_joins() {
        assert_eq!(split(r"a\,b"), ["a,b"]);
        assert_eq!(split(r"a\\,b"), [r"a\", "b"]);
    }

    #[test]
    fn nothing_but_stopwords_and_punctuation_is_nothing() {
        assert_eq!(split("to be, or not to be"), Vec::<String>::new());
        assert_eq!(split(" .,!? "), Vec::<String>::new());
    }

    #[test]
    fn long_words_have_a_second_form() {
        let word = all_words(&"w".repeat(200)).next().unwrap();
        assert_eq!((word.whole.len(), word.cut.map(|cut| cut.len())), (200, Some(128)));
    }

    #[test]
    fn inflections_meet_at_their_stem() {
        let word = |text| all_words(text).next().unwrap();
        let stemmer = Language::English.stemmer();
        let matches = |asked, indexed, stems: bool| {
            let stem = stems.then(|| marked_stem(&word(indexed), &stemmer)).flatten();
            is_found(&word(indexed), stem.as_deref(), &terms(&word(asked), Some(&stemmer)))
        };
        assert!(matches("running", "runs", true));
        assert!(matches("foxes", "fox", true));
        assert!(!matches("fox", "box", true));
        assert!(matches("foxes", "fox", false));
        assert!(!matches("runs", "running", false));
        // A word that is written like a mark.
        assert!(matches(r"\+run", "running", true));
        assert!(matches("running", r"\+run", false));
    }

    #[test]
    fn what_is_asked_for_has_a_language_of_its_own() {
        let word = |text| all_words(text).next().unwrap();
        let [english, german] = [Language::English, Language::German].map(Language::stemmer);
        let matches = |asked, indexed, asked_by: Option<&Stemmer>| {
            let stem = marked_stem(&word(indexed), &english);
            is_found(&word(indexed), stem.as_deref(), &terms(&word(asked), asked_by))
        };
        assert!(matches("running", "runs", Some(&english)));
        assert!(!matches("running", "runs", Some(&german)));
        assert!(matches("running", "running", Some(&german)));
        assert!(matches("runs", "running", Some(&german)), "both stem it to `run`");
        assert!(matches("runs", "runs", None));
        assert!(!matches("runs", "run", None));
        assert!(!matches("run", "runs", None), "the mark of a stem is no word");
    }

    #[test]
    fn an_escape_in_a_word_cannot_be_bound() {
        assert!(is_searchable(br"a\b"));
        assert!(!is_searchable(br"a\!"));
        assert!(!is_searchable(br"a\\"));
    }
}
