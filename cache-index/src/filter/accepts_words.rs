//! Conditions on words, decided over the texts that a document has.

use rust_stemmers::Stemmer;

use super::node::Affix;
use super::render_words::{fuzzy_word, phrase_words, word_part};
use crate::error::QueryError;
use crate::fuzzy;
use crate::pattern::Pattern;
use crate::phrase::Phrase;
use crate::schema::{FieldDef, Schema};
use crate::text::{self, Word};

/// The texts that a document has in a field, cut into words, and what decides about them.
pub(super) struct Texts<'a> {
    field: &'a FieldDef,
    schema: &'a Schema,
    stemmer: Stemmer,
    texts: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(field: &'a FieldDef, schema: &'a Schema, texts: impl Iterator<Item = &'a str>) -> Self {
        Self { field, schema, stemmer: schema.language().stemmer(), texts: texts.collect() }
    }

    fn each(&self) -> impl Iterator<Item = Vec<Word>> {
        self.texts.iter().map(|text| text::words(text, self.schema.stopwords()))
    }

    fn is(&self, asked: &Word, word: &Word) -> bool {
        text::word_matches(asked, word, &self.stemmer, self.field.stems())
    }

    fn asked(&self, asked: &str) -> Result<Vec<Word>, QueryError> {
        let words = text::distinct_words(asked, self.schema.stopwords());
        if words.is_empty() {
            Err(QueryError::NoTerms { field: self.field.name(), text: asked.to_owned() })
        } else if words.iter().any(|word| !text::is_searchable(&word.whole)) {
            Err(QueryError::UnsearchableTerm { field: self.field.name() })
        } else {
            Ok(words)
        }
    }

    /// All of the words, wherever they are.
    pub(super) fn have_all(&self, asked: &str) -> Result<bool, QueryError> {
        let (asked, words): (_, Vec<Word>) = (self.asked(asked)?, self.each().flatten().collect());
        Ok(asked.iter().all(|asked| words.iter().any(|word| self.is(asked, word))))
    }

    /// One of the words.
    pub(super) fn have_any(&self, asked: &str) -> Result<bool, QueryError> {
        let asked = self.asked(asked)?;
        Ok(self.each().flatten().any(|word| asked.iter().any(|asked| self.is(asked, &word))))
    }

    /// All of the words near each other.
    pub(super) fn have_phrase(&self, phrase: &Phrase) -> Result<bool, QueryError> {
        let asked = text::words(phrase.text(), self.schema.stopwords());
        let asked = phrase_words(self.field, phrase, &asked)?;
        Ok(self.each().any(|words| {
            let table: Vec<Vec<bool>> =
                asked.iter().map(|asked| words.iter().map(|word| self.is(asked, word)).collect()).collect();
            let is_at = |asked: usize, place: usize| {
                table.get(asked).and_then(|places| places.get(place)).copied().unwrap_or_default()
            };
            phrase.is_in(asked.len(), words.len(), is_at)
        }))
    }

    /// A word with this part.
    pub(super) fn have_part(&self, affix: Affix, part: &str) -> Result<bool, QueryError> {
        let part = word_part(self.field, part)?;
        Ok(self.each().flatten().any(|word| {
            let word = word.stored();
            match affix {
                // Beginnings are looked for in a tree that holds 16 bits of a character.
                Affix::Prefix => word.starts_with(&part) && !text::is_beyond_16_bits(word),
                Affix::Suffix => word.ends_with(&part),
                Affix::Infix => word.windows(part.len()).any(|some| some == part),
            }
        }))
    }

    /// A word that the pattern means.
    pub(super) fn have_pattern(&self, pattern: &Pattern) -> bool {
        self.each().flatten().any(|word| pattern.matches(word.stored(), false))
    }

    /// A word that is nearly this one.
    pub(super) fn have_near(&self, asked: &str, distance: u8) -> Result<bool, QueryError> {
        let (field, asked) = (self.field, fuzzy_word(self.field, asked)?);
        if field.phonetics().is_some() {
            // Beside its words the index has what they sound like, which may be near too.
            return Err(QueryError::OnlyOnServer {
                field: field.name(),
                what: "`fuzzy` of a phonetic field",
            });
        }
        let empty = field.indexes_empty() && asked.len() <= distance.into();
        Ok((empty && self.texts.contains(&""))
            || self.each().flatten().any(|word| {
                let stem = field.stems().then(|| text::marked_stem(&word, &self.stemmer)).flatten();
                let forms = [Some(word.stored()), stem.as_deref()];
                forms.into_iter().flatten().any(|form| fuzzy::is_near(&asked, form, distance))
            }))
    }
}
