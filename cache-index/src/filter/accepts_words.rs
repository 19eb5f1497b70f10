//! Conditions on words, decided over the texts that a document has.

use super::node::Affix;
use super::reader::Reader;
use super::render_words::{fuzzy_word, phrase_words, word_part};
use crate::error::QueryError;
use crate::fuzzy;
use crate::pattern::{Known, Pattern};
use crate::phrase::Phrase;
use crate::schema::FieldDef;
use crate::text::{self, Word};

/// The texts that a document has in a field, cut into words, and what decides about them.
pub(super) struct Texts<'a> {
    field: &'a FieldDef,
    reader: Reader<'a>,
    texts: Vec<&'a str>,
}

/// A word, and the stem under which the index has it too.
struct Indexed(Word, Option<Vec<u8>>);

impl Indexed {
    fn is(&self, terms: &[Vec<u8>]) -> bool {
        text::is_found(&self.0, self.1.as_deref(), terms)
    }
}

impl<'a> Texts<'a> {
    pub(super) fn new(field: &'a FieldDef, reader: Reader<'a>, texts: impl Iterator<Item = &'a str>) -> Self {
        Self { field, reader, texts: texts.collect() }
    }

    fn each(&self) -> impl Iterator<Item = Vec<Word>> {
        self.texts.iter().map(|text| text::words(text, self.reader.schema.stopwords()))
    }

    /// As they are in the index, which has stems of its own language, however a query is read.
    fn indexed(&self) -> impl Iterator<Item = Vec<Indexed>> {
        let stemmer = self.field.stems().then(|| self.reader.schema.language().stemmer());
        let indexed = move |word| {
            let stem = stemmer.as_ref().and_then(|stemmer| text::marked_stem(&word, stemmer));
            Indexed(word, stem)
        };
        self.each().map(move |words| words.into_iter().map(&indexed).collect())
    }

    /// The terms of each word.
    fn asked(&self, asked: &str) -> Result<Vec<Vec<Vec<u8>>>, QueryError> {
        let words = text::distinct_words(asked, self.reader.schema.stopwords());
        if words.is_empty() {
            Err(QueryError::NoTerms { field: self.field.name(), text: asked.to_owned() })
        } else if words.iter().any(|word| !text::is_searchable(&word.whole)) {
            Err(QueryError::UnsearchableTerm { field: self.field.name() })
        } else {
            Ok(self.terms(&words))
        }
    }

    fn terms(&self, words: &[Word]) -> Vec<Vec<Vec<u8>>> {
        let stemmer = self.reader.stemmer();
        words.iter().map(|word| text::terms(word, stemmer.as_ref())).collect()
    }

    /// All of the words, wherever they are.
    pub(super) fn have_all(&self, asked: &str) -> Result<bool, QueryError> {
        let (asked, words): (_, Vec<Indexed>) = (self.asked(asked)?, self.indexed().flatten().collect());
        Ok(asked.iter().all(|terms| words.iter().any(|word| word.is(terms))))
    }

    /// One of the words.
    pub(super) fn have_any(&self, asked: &str) -> Result<bool, QueryError> {
        let asked = self.asked(asked)?;
        Ok(self.indexed().flatten().any(|word| asked.iter().any(|terms| word.is(terms))))
    }

    /// All of the words near each other.
    pub(super) fn have_phrase(&self, phrase: &Phrase) -> Result<bool, QueryError> {
        let asked = text::words(phrase.text(), self.reader.schema.stopwords());
        let asked = self.terms(phrase_words(self.field, phrase, &asked)?);
        Ok(self.indexed().any(|words| {
            let table: Vec<Vec<bool>> =
                asked.iter().map(|terms| words.iter().map(|word| word.is(terms)).collect()).collect();
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
    pub(super) fn have_pattern(&self, pattern: &Pattern) -> Result<bool, QueryError> {
        // What the server is asked for; see `superset`.
        match pattern.whole().or_else(|| pattern.longest()) {
            Some(Known::Whole(whole)) => drop(self.asked(whole)?),
            Some(known) => drop(word_part(self.field, known.part())?),
            None => {}
        }
        Ok(self.each().flatten().any(|word| pattern.matches(word.stored(), false)))
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
            || self.indexed().flatten().any(|Indexed(word, stem)| {
                let forms = [Some(word.stored()), stem.as_deref()];
                forms.into_iter().flatten().any(|form| fuzzy::is_near(&asked, form, distance))
            }))
    }
}
