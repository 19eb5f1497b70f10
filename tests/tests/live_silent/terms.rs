//! What stands around queries: values, spelling, dictionaries, synonyms, suggestions.

use cache_core::{Dictionary, Suggestions, Terms};

use crate::models::Item;
use crate::silence::{Case, DEADLINE, case, told};

const CITIES: &str = "cities";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        // As other queries.
        case!("tag_values", |s| Item::tag_values(&s.cache, Item::CITY)).within(2 * DEADLINE),
        case!("misspelled", |s| Item::spell_check("runing").misspelled(&s.cache)).within(2 * DEADLINE),
        case!("synonyms, update", |s| Item::synonyms().update(&s.cache, "run", ["running", "jogging"])),
        case!("synonyms, dump", |s| Item::synonyms().dump(&s.cache)),
        case!("dictionary, add", |s| Dictionary::new("words").add(&s.cache, ["rennen"])),
        case!("dictionary, remove", |s| Dictionary::new("words").remove(&s.cache, ["laufen"])),
        case!("dictionary, words", |s| Dictionary::new("words").words(&s.cache)),
        case!("suggestions, add", |s| Suggestions::new(CITIES).add(&s.cache, "Biel", 1.0)),
        case!("suggestions, add_many", |s| Suggestions::new(CITIES)
            .add_many(&s.cache, [("Biel", 1.0), ("Basel", 1.0)])),
        case!("suggestions, increment", |s| Suggestions::new(CITIES).increment(&s.cache, "Biel", 1.0)),
        case!("suggestions, all", |s| Suggestions::new(CITIES).get("b").all(&s.cache)),
        case!("suggestions, delete", |s| Suggestions::new(CITIES).delete(&s.cache, "Basel")),
        case!("suggestions, len", |s| Suggestions::new(CITIES).len(&s.cache)),
        case!("suggestions, clear", |s| Suggestions::new("others").clear(&s.cache)),
    ]
}
