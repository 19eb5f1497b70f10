//! The options of a field as the words behind its kind in `FT.CREATE`, in the order in which the server wants them.

use super::field_def::FieldDef;
use crate::kind::FieldKind;
use crate::value::JsonType;

impl FieldDef {
    /// The words behind the kind.
    pub(crate) fn options(&self) -> Vec<String> {
        let mut words = Vec::new();
        match self.kind() {
            FieldKind::Tag => self.tag(&mut words),
            FieldKind::Text => self.text(&mut words),
            FieldKind::GeoShape => words.push(if self.flat { "FLAT" } else { "SPHERICAL" }.to_owned()),
            FieldKind::Vector => {
                if let JsonType::Vector(of) = self.json() {
                    self.vector.write(of, &mut words);
                }
            }
            FieldKind::Stored | FieldKind::Numeric | FieldKind::Geo => {}
        }
        push(&mut words, self.index_missing, "INDEXMISSING");
        push(&mut words, self.sortable, "SORTABLE");
        push(&mut words, self.sortable && self.unf, "UNF");
        push(&mut words, self.no_index, "NOINDEX");
        words
    }

    fn tag(&self, words: &mut Vec<String>) {
        if let Some(separator) = self.separator {
            words.extend(["SEPARATOR".to_owned(), separator.to_string()]);
        }
        push(words, self.json() == JsonType::String && !self.fold_case, "CASESENSITIVE");
        push(words, self.suffix_trie, "WITHSUFFIXTRIE");
        // Without it, `eq("")` would be an error of the server; and so would be a search for an empty text that stands
        // behind a search of this field, of whatever type it is (RediSearch 2.10.5).
        push(words, true, "INDEXEMPTY");
    }

    fn text(&self, words: &mut Vec<String>) {
        if let Some(weight) = self.weight {
            words.extend(["WEIGHT".to_owned(), weight.to_owned()]);
        }
        push(words, self.no_stem, "NOSTEM");
        if let Some(language) = self.phonetic {
            words.extend(["PHONETIC".to_owned(), format!("dm:{language}")]);
        }
        push(words, self.suffix_trie, "WITHSUFFIXTRIE");
        push(words, self.index_empty, "INDEXEMPTY");
    }
}

fn push(words: &mut Vec<String>, wanted: bool, word: &str) {
    if wanted {
        words.push(word.to_owned());
    }
}
