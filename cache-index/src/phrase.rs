//! Phrases: words near each other, and which texts have them.

use std::ops::ControlFlow;

use rust_stemmers::Stemmer;

use crate::text::{self, Word};

/// Words that stand near each other in a text. A string is its words side by side, in this order.
///
/// ```
/// use cache_index::Phrase;
///
/// let phrase = Phrase::new("quick fox").slop(2).any_order();
/// assert_ne!(phrase, Phrase::from("quick fox"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phrase {
    text: String,
    slop: u32,
    in_order: bool,
}

/// How many words the server is asked for as a phrase: they stand in as many parentheses, of which its parser takes 125.
const MAX_NESTED: usize = 16;

impl Phrase {
    /// The words of this text, side by side and in this order.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), slop: 0, in_order: true }
    }

    /// The same with up to this many other words between the first and the last. Stopwords do not count: the index
    /// has no place for them.
    #[doc(alias = "SLOP")]
    pub fn slop(self, words: u32) -> Self {
        Self { slop: words, ..self }
    }

    /// The same with its words in any order.
    #[doc(alias = "INORDER")]
    pub fn any_order(self) -> Self {
        Self { in_order: false, ..self }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What stands behind the words in a query. The server counts in 31 bits, and no text has as many words.
    pub(crate) fn attributes(&self) -> String {
        let slop = self.slop.min(i32::MAX.unsigned_abs());
        let order = if self.in_order { ";$inorder:true" } else { "" };
        format!("=>{{$slop:{slop}{order}}}")
    }

    /// Whether the server can be asked where these words of the phrase stand, which this stems: each has one form, and in any
    /// order no two stand on the same places only.
    pub(crate) fn is_narrow(&self, words: &[Word], stemmer: Option<&Stemmer>) -> bool {
        words.len() <= MAX_NESTED
            && words.iter().all(|word| text::is_its_stem(word, stemmer))
            && (self.in_order || !coincide(words, stemmer))
    }

    /// Whether a text of `places` words has the phrase, which has `words`; `is_at` says whether a word of it stands at a place.
    pub(crate) fn is_in(&self, words: usize, places: usize, is_at: impl Fn(usize, usize) -> bool) -> bool {
        let slop = usize::try_from(self.slop).unwrap_or(usize::MAX);
        let most = words.saturating_add(slop);
        (0..places).any(|start| {
            let end = places.min(start.saturating_add(most));
            if self.in_order { follow(words, start, end, &is_at) } else { fill(words, start, end, &is_at) }
        })
    }
}

impl From<&str> for Phrase {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Phrase {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<String> for Phrase {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Whether the words follow each other from `start` on, before `end`. The next place that fits is as good as any later one.
fn follow(words: usize, start: usize, end: usize, is_at: &impl Fn(usize, usize) -> bool) -> bool {
    if !is_at(0, start) {
        return false;
    }
    let next = |after: usize, word| match (after + 1..end).find(|place| is_at(word, *place)) {
        Some(place) => ControlFlow::Continue(place),
        None => ControlFlow::Break(()),
    };
    (1..words).try_fold(start, next).is_continue()
}

/// Whether each word has a place of its own from `start` on, before `end`: a matching in a graph, by augmenting paths.
fn fill(words: usize, start: usize, end: usize, is_at: &impl Fn(usize, usize) -> bool) -> bool {
    let mut taken: Vec<Option<usize>> = vec![None; end.saturating_sub(start)];
    (0..words).all(|word| {
        let mut seen = vec![false; taken.len()];
        settle(word, start, &mut taken, &mut seen, is_at)
    })
}

fn settle(
    word: usize,
    start: usize,
    taken: &mut [Option<usize>],
    seen: &mut [bool],
    is_at: &impl Fn(usize, usize) -> bool,
) -> bool {
    for place in 0..taken.len() {
        if !is_at(word, start + place) || seen.get(place).is_none_or(|seen| *seen) {
            continue;
        }
        if let Some(seen) = seen.get_mut(place) {
            *seen = true;
        }
        let before = taken.get(place).copied().flatten();
        if before.is_none_or(|before| settle(before, start, taken, seen, is_at)) {
            if let Some(taken) = taken.get_mut(place) {
                *taken = Some(word);
            }
            return true;
        }
    }
    false
}

/// Whether one word of a text that is not stemmed may be two of these at once, which this stems. The server does not ask for a
/// place of its own for each.
pub(crate) fn coincide(words: &[Word], stemmer: Option<&Stemmer>) -> bool {
    let mut seen = std::collections::HashSet::new();
    words.iter().any(|word| {
        let forms = text::terms(word, stemmer);
        let again = forms.iter().any(|form| seen.contains(form));
        seen.extend(forms);
        again
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::{Language, Stopwords};

    fn has(phrase: &Phrase, text: &str) -> bool {
        let words: Vec<char> = phrase.text.chars().collect();
        let text: Vec<char> = text.chars().collect();
        phrase.is_in(words.len(), text.len(), |word, place| words[word] == text[place])
    }

    #[test]
    fn words_stand_side_by_side_or_not_far_from_each_other() {
        let phrase = Phrase::new("ab");
        assert!(has(&phrase, "xab"));
        assert!(!has(&phrase, "axb"));
        assert!(!has(&phrase, "ba"));
        assert!(has(&phrase.clone().slop(1), "axb"));
        assert!(!has(&phrase.clone().slop(1), "axxb"));
        assert!(has(&phrase.clone().slop(u32::MAX), "axxb"));
        assert!(has(&phrase.clone().any_order(), "ba"));
        assert!(!has(&phrase.any_order(), "bxa"));
    }

    #[test]
    fn a_word_twice_has_two_places() {
        assert!(!has(&Phrase::new("aa"), "a"));
        assert!(!has(&Phrase::new("aa").any_order(), "xa"));
        assert!(has(&Phrase::new("aab").any_order(), "aba"));
        assert!(!has(&Phrase::new("aab").any_order(), "axb"));
    }

    #[test]
    fn words_of_one_stem_coincide() {
        let stemmer = Language::English.stemmer();
        let words = |text| text::words(text, Stopwords::Default);
        assert!(coincide(&words("run fox run"), Some(&stemmer)));
        assert!(coincide(&words("running fox runs"), Some(&stemmer)));
        assert!(!coincide(&words("quick brown fox"), Some(&stemmer)));
        // As they are written, only the same are.
        assert!(coincide(&words("runs fox runs"), None));
        assert!(!coincide(&words("running fox runs"), None));
    }

    /// All ways to give each word a place.
    fn places(words: &[char], text: &[char]) -> Vec<Vec<usize>> {
        let Some((first, rest)) = words.split_first() else { return vec![vec![]] };
        let mut all = Vec::new();
        for others in places(rest, text) {
            for place in (0..text.len()).filter(|place| text[*place] == *first && !others.contains(place)) {
                all.push([vec![place], others.clone()].concat());
            }
        }
        all
    }

    proptest! {
        #[test]
        fn the_nearest_places_are_found(words in "[abc]{1,4}", text in "[abcx]{0,7}", slop in 0..4_u32, in_order: bool) {
            let phrase = Phrase { text: words.clone(), slop, in_order };
            let (words, letters): (Vec<char>, Vec<char>) = (words.chars().collect(), text.chars().collect());
            let fits = |places: &Vec<usize>| {
                let (least, most) = (places.iter().min().unwrap(), places.iter().max().unwrap());
                most - least < words.len() + slop as usize && (!in_order || places.is_sorted())
            };
            prop_assert_eq!(has(&phrase, &text), places(&words, &letters).iter().any(fits));
        }
    }
}
