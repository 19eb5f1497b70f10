//! The language whose rules stem the words of TEXT fields.

use rust_stemmers::{Algorithm, Stemmer};

macro_rules! languages {
    ($($(#[$default:meta])* $language:ident $name:literal;)*) => {
        /// The language of a model's texts. Those of RediSearch that have a stemmer here too, so that a filter means
        /// the same on the server and in [`Filter::accepts`](crate::Filter::accepts).
        ///
        /// ```
        /// use cache_index::{Language, Schema};
        ///
        /// static ARTICLE: Schema = Schema::new("Article", "article", "id", &[]).with_language(Language::German);
        /// assert_eq!(ARTICLE.language().name(), "german");
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Language {
            $($(#[$default])* $language,)*
        }

        impl Language {
            /// RediSearch's name of the language.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$language => $name,)*
                }
            }

            pub(crate) fn stemmer(self) -> Stemmer {
                Stemmer::create(match self {
                    $(Self::$language => Algorithm::$language,)*
                })
            }
        }
    };
}

languages! {
    Arabic "arabic";
    Danish "danish";
    Dutch "dutch";
    #[default]
    English "english";
    Finnish "finnish";
    French "french";
    German "german";
    Greek "greek";
    Hungarian "hungarian";
    Italian "italian";
    Norwegian "norwegian";
    Portuguese "portuguese";
    Romanian "romanian";
    Russian "russian";
    Spanish "spanish";
    Swedish "swedish";
    Tamil "tamil";
    Turkish "turkish";
}
