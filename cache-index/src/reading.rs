//! How the words of a query are read.

use std::fmt;

use rust_stemmers::Stemmer;

use crate::phrase::Phrase;
use crate::schema::{Language, Schema};

/// How the words of a query are read, where that is not as its model says: the words that are asked for, never those of
/// the documents, which are in the index as they were when it was made.
///
/// ```
/// use cache_index::{Language, Reading};
///
/// let reading = Reading::new().in_language(Language::German).slop(2);
/// assert_ne!(reading, Reading::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Reading {
    language: Option<Language>,
    verbatim: bool,
    slop: Option<u32>,
    in_order: bool,
}

impl Reading {
    /// The model's own.
    pub const fn new() -> Self {
        Self { language: None, verbatim: false, slop: None, in_order: false }
    }

    /// The same with the words stemmed by the rules of this language, in place of the model's.
    #[doc(alias = "LANGUAGE")]
    pub const fn in_language(self, language: Language) -> Self {
        Self { language: Some(language), ..self }
    }

    /// The same with words looked for as they are written, not stemmed, in whatever language.
    #[doc(alias = "VERBATIM")]
    pub const fn verbatim(self) -> Self {
        Self { verbatim: true, ..self }
    }

    /// The same with the words of each [`matches`](crate::Field::matches) near each other, as in a [`Phrase`]: with up to this
    /// many other words between the first and the last, and in any order without [`in_order`](Reading::in_order).
    #[doc(alias = "SLOP")]
    pub const fn slop(self, words: u32) -> Self {
        Self { slop: Some(words), ..self }
    }

    /// The same with the words of each [`matches`](crate::Field::matches) in this order, as in a [`Phrase`]: however many
    /// others are between them without [`slop`](Reading::slop).
    #[doc(alias = "INORDER")]
    pub const fn in_order(self) -> Self {
        Self { in_order: true, ..self }
    }

    /// What the server is told of the language.
    pub(crate) const fn language(&self) -> Option<Language> {
        self.language
    }

    /// Whether words are not stemmed.
    pub(crate) const fn is_verbatim(&self) -> bool {
        self.verbatim
    }

    /// What stems the words that are asked for; `None`: nothing does.
    pub(crate) fn stemmer(&self, schema: &Schema) -> Option<Stemmer> {
        (!self.verbatim).then(|| self.language.unwrap_or(schema.language()).stemmer())
    }

    /// The words of a text as the phrase that they are; `None`: it does not matter where they stand.
    pub(crate) fn phrase(&self, text: &str) -> Option<Phrase> {
        if self.slop.is_none() && !self.in_order {
            return None;
        }
        let phrase = Phrase::new(text).slop(self.slop.unwrap_or(u32::MAX));
        Some(if self.in_order { phrase } else { phrase.any_order() })
    }
}

/// For logs: what is not as the model says; nothing if all is.
impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.language.map(|language| format!("in {}", language.name())),
            self.verbatim.then(|| "verbatim".to_owned()),
            self.slop.map(|words| format!("slop {words}")),
            self.in_order.then(|| "in order".to_owned()),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}
