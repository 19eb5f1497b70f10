//! What stands around queries: suggestions, the values of TAG fields, dictionaries and spelling, synonyms.

// A file imports from those before it: error, entry, suggest, dictionary, spelling, synonyms, tag_values.

mod dictionary;
mod entry;
mod error;
mod spelling;
mod suggest;
mod synonyms;
mod tag_values;

pub use dictionary::DictionaryCommands;
pub use error::TermError;
pub use spelling::{Correction, Misspelled, SpellingRequest};
pub use suggest::{NewSuggestion, SuggestRequest, Suggestion, SuggestionCommands};
pub use synonyms::{SynonymGroups, SynonymUpdate};
pub use tag_values::{TagValues, Tagged};
