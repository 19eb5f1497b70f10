//! An index and how a query of it is read: together they say what the words of a condition are.

use std::borrow::Cow;

use rust_stemmers::Stemmer;

use super::node::Test;
use crate::kind::FieldKind;
use crate::phrase::{self, Phrase};
use crate::reading::Reading;
use crate::schema::{FieldDef, Schema};
use crate::text::{self, Word};

/// An index and how a query of it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) schema: &'a Schema,
    reading: Reading,
}

impl<'a> Reader<'a> {
    pub(super) fn new(schema: &'a Schema, reading: Reading) -> Self {
        Self { schema, reading }
    }

    /// As the model says.
    pub(super) fn of(schema: &'a Schema) -> Self {
        Self::new(schema, Reading::default())
    }

    /// What stems the words that are asked for; `None`: nothing does.
    pub(super) fn stemmer(&self) -> Option<Stemmer> {
        self.reading.stemmer(self.schema)
    }

    pub(super) fn is_verbatim(&self) -> bool {
        self.reading.is_verbatim()
    }

    /// What a test is when it is read like this.
    pub(super) fn read<'t>(&self, test: &'t Test) -> Cow<'t, Test> {
        let phrase = match test {
            Test::Words(words) => self.reading.phrase(words),
            _ => None,
        };
        phrase.map_or(Cow::Borrowed(test), |phrase| Cow::Owned(Test::Phrase(phrase)))
    }

    /// Whether the server can be asked where the words of the phrase stand: in no list, and only where each has one form in
    /// the index.
    pub(super) fn is_narrow(&self, field: &FieldDef, phrase: &Phrase) -> bool {
        self.has_places(field, phrase, &self.words(phrase))
    }

    /// Whether the server decides all of the phrase.
    pub(super) fn is_exact(&self, field: &FieldDef, phrase: &Phrase) -> bool {
        let words = self.words(phrase);
        words.len() < 2
            || (self.counts_one_text()
                && self.has_places(field, phrase, &words)
                && !phrase::coincide(&words, self.stemmer().as_ref()))
    }

    fn words(&self, phrase: &Phrase) -> Vec<Word> {
        text::words(phrase.text(), self.schema.stopwords())
    }

    fn has_places(&self, field: &FieldDef, phrase: &Phrase, words: &[Word]) -> bool {
        // A word like the mark of a stem stands where words of this stem do.
        let has_one_form = || {
            !field.stems() || (self.is_verbatim() && !words.iter().any(|word| word.whole.starts_with(b"+")))
        };
        !field.is_many() && has_one_form() && phrase.is_narrow(words, self.stemmer().as_ref())
    }

    /// Whether the index counts the words of one TEXT field, and no others.
    fn counts_one_text(&self) -> bool {
        self.schema.indexed().filter(|field| field.kind() == FieldKind::Text).count() < 2
    }
}
