//! What stands around queries: suggestions, the values of TAG fields, dictionaries and spelling, synonyms.

// A file imports from those before it: ask, suggestions, dictionary, spelling, synonyms, of_model.

mod ask;
mod dictionary;
mod of_model;
mod spelling;
mod suggestions;
mod synonyms;

pub use dictionary::Dictionary;
pub use of_model::Terms;
pub use spelling::SpellCheck;
pub use suggestions::{Suggest, Suggestions};
pub use synonyms::Synonyms;
