//! What TEXT fields are searched by: words, any of them, near each other, or nearly written like this.

use super::Field;
use crate::error::QueryError;
use crate::filter::{Filter, Node, Test};
use crate::fuzzy::MAX_DISTANCE;
use crate::kind::Worded;
use crate::phrase::Phrase;

impl<M, V, K, O> Field<M, V, K, O> {
    /// Documents whose text has at least one word of this one, in this or another inflection.
    ///
    /// As with [`matches`](Field::matches), stopwords are left out, and a text without a word is refused
    /// ([`QueryError::NoTerms`]).
    #[doc(alias = "any_of")]
    pub fn matches_any(self, text: impl AsRef<str>) -> Filter<M>
    where
        K: Worded,
    {
        self.words(text.as_ref(), Test::AnyWord)
    }

    /// Documents whose text has these words near each other, in this or another inflection: a string's side by side and in
    /// this order, those of a [`Phrase`] as it says. Of a list of texts, one of them has them all.
    ///
    /// Stopwords count neither in the phrase nor in the text: `quick fox` finds `quick and the fox`. A phrase of one word
    /// is that word; one without a word is refused ([`QueryError::NoTerms`]), and one of more than a hundred
    /// ([`QueryError::TooManyWords`]). A word twice in the phrase must be there twice.
    ///
    /// The server decides it alone only for a field that is the model's only TEXT field and no list, and for up to sixteen
    /// words, none of them twice, that have one form: where the field is `no_stem` and they are their own stems, or the query
    /// is `verbatim`. It loses words that stand in a text in several inflections, and counts through all TEXT fields. For all
    /// others the documents that have the words are read, and those without the
    /// phrase are left out here; have another condition beside it where the words are common.
    ///
    /// ```no_run
    /// # use cache_index::{Field, Filter, No, Options, Phrase, Text};
    /// # fn filters<M>(bio: Field<M, String, Text, Options<No>>) -> Filter<M> {
    /// bio.phrase("quick fox") | bio.phrase(Phrase::new("lazy dog").slop(2).any_order())
    /// # }
    /// ```
    #[doc(alias = "exact")]
    pub fn phrase(self, phrase: impl Into<Phrase>) -> Filter<M>
    where
        K: Worded,
    {
        let phrase = phrase.into();
        Filter::new(if phrase.text().contains('\0') {
            Node::Invalid(QueryError::NulCharacter { field: self.def.name() })
        } else {
            Node::Leaf(self.def, Test::Phrase(phrase))
        })
    }

    /// Documents whose text has a word that differs from this one by at most so many letters, from 1 to 3: changed, left
    /// out or added. Another distance is refused ([`QueryError::EditDistance`]).
    ///
    /// It is about the words as they are written, without case, and not about inflections; but beside a word that has a stem, the
    /// index has the stem with a sign before it, so that `run` finds `running` too. The server forgives a last letter:
    /// `aab` finds `aba` within 1, since `ab` is. A word with a character beyond 16 bits is not found.
    ///
    /// Anything but one word is refused, and so are a word of more than a hundred characters and letters that the
    /// server folds, such as `ß` and `Ä`. A stopword finds what is like it, not itself. An answer that was stopped at 200 different
    /// words says so.
    #[doc(alias = "levenshtein")]
    pub fn fuzzy(self, word: impl AsRef<str>, distance: u8) -> Filter<M>
    where
        K: Worded,
    {
        if !(1..=MAX_DISTANCE).contains(&distance) {
            let field = self.def.name();
            return Filter::new(Node::Invalid(QueryError::EditDistance { field, distance }));
        }
        self.words(word.as_ref(), |word| Test::Fuzzy(word, distance))
    }

    fn words(self, text: &str, test: impl FnOnce(String) -> Test) -> Filter<M> {
        Filter::new(if text.contains('\0') {
            Node::Invalid(QueryError::NulCharacter { field: self.def.name() })
        } else {
            Node::Leaf(self.def, test(text.to_owned()))
        })
    }
}
