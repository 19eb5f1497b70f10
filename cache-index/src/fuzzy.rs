//! Words that differ by a few letters, as RediSearch counts them.
//!
//! After `trie/levenshtein.c` and `trie/rune_util.c` of RediSearch 2.10.5.

/// The longest word that is looked for, in characters (`TRIE_MAX_PREFIX`). By a longer one the server finds nothing.
pub(crate) const MAX_FUZZY: usize = 100;

/// How many letters may differ at most: the query language has no more signs.
pub(crate) const MAX_DISTANCE: u8 = 3;

/// Whether the server finds `word` within a distance of `most` letters to `asked`, which has letters of lower case only.
///
/// It forgives a last letter: what is within the distance without it is found with it, as long as a beginning of `asked` is
/// within the distance.
pub(crate) fn is_near(asked: &str, word: &[u8], most: u8) -> bool {
    let Ok(word) = std::str::from_utf8(word) else { return false };
    // The server's tree of words holds 16 bits of a character, and would look for another word.
    if word.chars().any(|letter| letter > '\u{ffff}') {
        return false;
    }
    let (asked, most): (Vec<char>, usize) = (asked.chars().collect(), most.into());
    if word.chars().count() > asked.len() + most + 1 {
        return false;
    }
    let mut row: Vec<usize> = (0..=asked.len()).collect();
    let is_match = |row: &[usize]| row.last().is_some_and(|distance| *distance <= most);
    let mut matched_before = false;
    for letter in word.chars().map(fold) {
        matched_before = is_match(&row);
        row = next(&row, &asked, letter);
        if row.iter().all(|distance| *distance > most) {
            return false;
        }
    }
    matched_before || is_match(&row)
}

/// From the distances of a text to all beginnings of another, those of the text with one more letter.
fn next(row: &[usize], asked: &[char], letter: char) -> Vec<usize> {
    let mut new = Vec::with_capacity(row.len());
    let mut left = row.first().map_or(1, |first| first + 1);
    new.push(left);
    for ((diagonal, above), other) in row.iter().zip(row.iter().skip(1)).zip(asked) {
        let changed = diagonal + usize::from(*other != letter);
        left = changed.min(above + 1).min(left + 1);
        new.push(left);
    }
    new
}

/// The letter without its case. Of one that becomes several the server takes the first.
fn fold(letter: char) -> char {
    match letter {
        // Unicode folds it in Turkish alone, and the capital of `ß` as `ß`.
        'ı' => letter,
        'ẞ' => 's',
        letter => letter.to_uppercase().flat_map(char::to_lowercase).next().unwrap_or(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_changed_left_out_and_added() {
        for (asked, word, distance) in [
            ("redis", "redis", 0),
            ("redis", "rodis", 1),
            ("redis", "reds", 1),
            ("redis", "rediss", 1),
            ("redis", "eddis", 2),
            ("redis", "kudos", 3),
            ("école", "École", 0),
            ("ecole", "école", 1),
            ("a", "b", 1),
        ] {
            for most in 1..=MAX_DISTANCE {
                assert_eq!(is_near(asked, word.as_bytes(), most), distance <= most, "{asked} {word} {most}");
            }
        }
    }

    #[test]
    fn a_last_letter_is_forgiven() {
        // The distance is 2, that of `ab` is 1.
        assert!(is_near("aab", b"aba", 1));
        assert!(!is_near("fox", b"foxes", 1));
    }

    #[test]
    fn what_the_tree_of_words_does_not_hold_is_not_found() {
        assert!(!is_near("fox", "fox🦀".as_bytes(), 2));
        assert!(!is_near("fox", b"fo\xc3", 2));
    }
}
