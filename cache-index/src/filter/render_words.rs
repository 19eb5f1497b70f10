//! Conditions on words as query text.

use super::node::Affix;
use super::render::{Renderer, WORDS_TOGETHER};
use crate::error::{MIN_PREFIX, QueryError};
use crate::fuzzy::MAX_FUZZY;
use crate::phrase::Phrase;
use crate::schema::FieldDef;
use crate::text::{self, Word};

impl Renderer<'_> {
    pub(super) fn any_word(&mut self, field: &FieldDef, text: &str) -> Result<(), QueryError> {
        let words = text::distinct_words(text, self.reader.schema.stopwords());
        if words.is_empty() {
            return Err(QueryError::NoTerms { field: field.name(), text: text.to_owned() });
        }
        self.quiet(field);
        if let [word] = &words[..] {
            return self.word(field, word);
        }
        self.text.push('(');
        for (number, word) in words.iter().enumerate() {
            if number > 0 {
                self.text.push('|');
            }
            self.word(field, word)?;
        }
        self.text.push(')');
        Ok(())
    }

    pub(super) fn phrase(&mut self, field: &FieldDef, phrase: &Phrase) -> Result<(), QueryError> {
        let words = text::words(phrase.text(), self.reader.schema.stopwords());
        let words = phrase_words(field, phrase, &words)?;
        self.quiet(field);
        // RediSearch 2.10.5 forgets the places of all but one inflection when it skips documents (`UI_SkipTo`), refuses
        // places in lists, and in any order overlooks words that stand on the same places only.
        if words.len() < 2 || !self.reader.is_narrow(field, phrase) {
            return self.words(field, phrase.text());
        }
        // Side by side, the server puts all but the first into a group of their own, and measures between the two.
        self.text.push_str(&"(".repeat(words.len() - 1));
        for (number, word) in words.iter().enumerate() {
            if number > 0 {
                self.text.push(' ');
            }
            self.word(field, word)?;
            if number > 0 {
                self.text.push(')');
            }
        }
        self.text.push_str(&phrase.attributes());
        Ok(())
    }

    pub(super) fn fuzzy(&mut self, field: &FieldDef, word: &str, distance: u8) -> Result<(), QueryError> {
        let (word, signs) = (fuzzy_word(field, word)?, "%".repeat(distance.into()));
        self.expanded(field, [&signs, &signs], word.as_bytes());
        Ok(())
    }

    pub(super) fn word_like(&mut self, field: &FieldDef, affix: Affix, part: &str) -> Result<(), QueryError> {
        let around = match affix {
            Affix::Prefix => ["", "*"],
            Affix::Suffix => ["*", ""],
            Affix::Infix => ["*", "*"],
        };
        self.expanded(field, around, &word_part(field, part)?);
        Ok(())
    }

    /// By itself the server would also find what sounds alike.
    pub(super) fn quiet(&mut self, field: &FieldDef) {
        self.sounds = field.phonetics().map(|_| "=>{$phonetic:false}");
    }
}

/// The words of a phrase, if they can be searched for.
pub(super) fn phrase_words<'a>(
    field: &FieldDef,
    phrase: &Phrase,
    words: &'a [Word],
) -> Result<&'a [Word], QueryError> {
    let field = field.name();
    if words.is_empty() {
        Err(QueryError::NoTerms { field, text: phrase.text().to_owned() })
    } else if words.len() > WORDS_TOGETHER {
        Err(QueryError::TooManyWords { field, most: WORDS_TOGETHER })
    } else if words.iter().any(|word| !text::is_searchable(&word.whole)) {
        Err(QueryError::UnsearchableTerm { field })
    } else {
        Ok(words)
    }
}

/// The one word that is searched for within a distance, as the index holds it.
pub(super) fn fuzzy_word(field: &FieldDef, word: &str) -> Result<String, QueryError> {
    let text = String::from_utf8(one_word(field, word)?);
    let word = text.map_err(|_| QueryError::UnsearchableTerm { field: field.name() })?;
    if word.chars().count() > MAX_FUZZY {
        return Err(QueryError::TooLongWord { field: field.name(), most: MAX_FUZZY });
    }
    Ok(word)
}

/// The part of a word that is searched for, as the index holds it.
pub(super) fn word_part(field: &FieldDef, part: &str) -> Result<Vec<u8>, QueryError> {
    let word = one_word(field, part)?;
    if word.len() < MIN_PREFIX {
        return Err(QueryError::PrefixTooShort { field: field.name(), prefix: part.to_owned() });
    }
    Ok(word)
}

fn one_word(field: &FieldDef, text: &str) -> Result<Vec<u8>, QueryError> {
    let (field, prefix) = (field.name(), text.to_owned());
    let mut words = text::all_words(text);
    let word = match (words.next(), words.next()) {
        (Some(word), None) => word.whole,
        (None, _) => return Err(QueryError::NoTerms { field, text: prefix }),
        (Some(_), Some(_)) => return Err(QueryError::NotOneWord { field, prefix }),
    };
    if !text::is_searchable(&word) {
        Err(QueryError::UnsearchableTerm { field })
    } else if text::folds_in_prefixes(&word) {
        Err(QueryError::PrefixFolds { field, prefix })
    } else {
        Ok(word)
    }
}
