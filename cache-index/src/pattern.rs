//! Patterns of texts: `*` for any characters, `?` for one, and what of them the server is asked for.
//!
//! The server's own patterns (`w'…'`) are never sent: RediSearch 2.10.5 hangs on one with something behind a `*` if a value
//! that it looks at has a `*` too.

use crate::error::MIN_PREFIX;

/// A pattern. `\*`, `\?` and `\\` stand for the characters themselves; a backslash before anything else is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// No two literals and no two `*` side by side, no empty literal.
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// These characters.
    Literal(String),
    /// `?`: one character.
    One,
    /// `*`: any number of characters, none among them.
    Any,
}

/// What values a pattern means, or one of the parts that they all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    /// The whole value.
    Whole(&'a str),
    /// The beginning.
    Prefix(&'a str),
    /// The end.
    Suffix(&'a str),
    /// Something in it.
    Infix(&'a str),
}

impl Known<'_> {
    pub(crate) fn part(&self) -> &str {
        let (Self::Whole(part) | Self::Prefix(part) | Self::Suffix(part) | Self::Infix(part)) = self;
        part
    }
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '*' if pieces.last() == Some(&Piece::Any) => {}
                '*' => pieces.push(Piece::Any),
                '?' => pieces.push(Piece::One),
                '\\' => {
                    let escaped = characters.next_if(|next| matches!(next, '*' | '?' | '\\'));
                    push(&mut pieces, escaped.unwrap_or(character));
                }
                character => push(&mut pieces, character),
            }
        }
        Self { pieces }
    }

    /// The same in ASCII letters of lower case.
    #[allow(dead_code, reason = "for words, which are indexed in lower case")]
    pub(crate) fn to_ascii_lowercase(&self) -> Self {
        let lower = |piece: &Piece| match piece {
            Piece::Literal(literal) => Piece::Literal(literal.to_ascii_lowercase()),
            piece => piece.clone(),
        };
        Self { pieces: self.pieces.iter().map(lower).collect() }
    }

    /// What the pattern means, if it says no more than this.
    pub(crate) fn simple(&self) -> Option<Known<'_>> {
        match &self.pieces[..] {
            [] => Some(Known::Whole("")),
            [Piece::Literal(whole)] => Some(Known::Whole(whole)),
            [Piece::Literal(start), Piece::Any] => Some(Known::Prefix(start)),
            [Piece::Any, Piece::Literal(end)] => Some(Known::Suffix(end)),
            [Piece::Any, Piece::Literal(part), Piece::Any] => Some(Known::Infix(part)),
            _ => None,
        }
    }

    /// The one value that it means, if it has no wildcard.
    pub(crate) fn whole(&self) -> Option<Known<'_>> {
        self.simple().filter(|known| matches!(known, Known::Whole(_)))
    }

    /// The longest part that all values of the pattern have, in bytes; `None`: the server finds nothing by any of them,
    /// since they are too short. One of several alone, since the server gives up on each that too many values have.
    pub(crate) fn longest(&self) -> Option<Known<'_>> {
        let last = self.pieces.len().saturating_sub(1);
        let known = self.pieces.iter().enumerate().filter_map(|(place, piece)| match piece {
            Piece::Literal(part) if place == 0 && last == 0 => Some(Known::Whole(part)),
            // The server reads a backslash at the end of a prefix as an escape.
            Piece::Literal(part) if place == 0 && !part.ends_with('\\') => Some(Known::Prefix(part)),
            Piece::Literal(part) if place == last => Some(Known::Suffix(part)),
            Piece::Literal(part) => Some(Known::Infix(part)),
            Piece::One | Piece::Any => None,
        });
        // The first of those that are equally long: a prefix is the cheapest to look for.
        known
            .filter(|known| known.part().len() >= MIN_PREFIX)
            .reduce(|best, next| if next.part().len() > best.part().len() { next } else { best })
    }

    /// Whether the whole text is one that the pattern means. ASCII letters of either case are the same if `fold`. The text is UTF-8,
    /// perhaps cut within a character.
    pub(crate) fn matches(&self, text: &[u8], fold: bool) -> bool {
        // Where to go on after a mismatch: behind the last `*`, which then stands for one more byte.
        let (mut piece, mut place) = (0, 0);
        let mut retry = None;
        loop {
            let rest = text.get(place..).unwrap_or_default();
            let taken = match self.pieces.get(piece) {
                None if rest.is_empty() => return true,
                Some(Piece::Any) => {
                    retry = Some((piece + 1, place));
                    Some(0)
                }
                Some(Piece::One) => character(rest),
                Some(Piece::Literal(literal)) => rest
                    .get(..literal.len())
                    .filter(|start| same(start, literal.as_bytes(), fold))
                    .map(<[u8]>::len),
                None => None,
            };
            match (taken, retry) {
                (Some(taken), _) => (piece, place) = (piece + 1, place + taken),
                (None, Some((behind, from))) if from < text.len() => {
                    (piece, place) = (behind, from + 1);
                    retry = Some((behind, from + 1));
                }
                _ => return false,
            }
        }
    }
}

fn push(pieces: &mut Vec<Piece>, character: char) {
    match pieces.last_mut() {
        Some(Piece::Literal(literal)) => literal.push(character),
        _ => pieces.push(Piece::Literal(character.into())),
    }
}

/// How long the first character is.
fn character(text: &[u8]) -> Option<usize> {
    let (_, rest) = text.split_first()?;
    Some(1 + rest.iter().take_while(|byte| matches!(byte, 0x80..=0xbf)).count())
}

fn same(one: &[u8], other: &[u8], fold: bool) -> bool {
    if fold { one.eq_ignore_ascii_case(other) } else { one == other }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text.as_bytes(), false)
    }

    #[test]
    fn a_star_is_any_number_of_characters_and_a_question_mark_is_one() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("??", "é", false),
            ("*??", "€", false),
            ("*a*b", "xaxaxb", true),
            ("*", "", true),
            ("?", "", false),
            ("", "", true),
            ("", "a", false),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"a\?", "a?", true),
            (r"a\\*", r"a\b", true),
            (r"a\b", r"a\b", true),
            (r"a\", r"a\", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        assert!(Pattern::new("A*z").matches(b"abcZ", true));
    }

    #[test]
    fn simple_patterns_are_known_as_such() {
        let simple = |text| format!("{:?}", Pattern::new(text).simple());
        assert_eq!(simple("ab"), r#"Some(Whole("ab"))"#);
        assert_eq!(simple("ab**"), r#"Some(Prefix("ab"))"#);
        assert_eq!(simple("*ab"), r#"Some(Suffix("ab"))"#);
        assert_eq!(simple("*a\\*b*"), r#"Some(Infix("a*b"))"#);
        assert_eq!(simple("a*b"), "None");
        assert_eq!(simple("*"), "None");
    }

    #[test]
    fn the_longest_part_is_looked_for() {
        let longest = |text| format!("{:?}", Pattern::new(text).longest());
        assert_eq!(longest("ab*cd"), r#"Some(Prefix("ab"))"#);
        assert_eq!(longest("ab*cde"), r#"Some(Suffix("cde"))"#);
        assert_eq!(longest("a?bcd*e"), r#"Some(Infix("bcd"))"#);
        assert_eq!(longest(r"ab\\*?"), r#"Some(Infix("ab\\"))"#);
        assert_eq!(longest("a*b?c"), "None");
    }

    /// The same without a trick.
    fn plain(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], text) => (0..=text.len()).any(|taken| plain(rest, &text[taken..])),
            (['?', rest @ ..], [_, text @ ..]) => plain(rest, text),
            ([one, rest @ ..], [other, text @ ..]) => one == other && plain(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_it_says(pattern in "[ab€*?]{0,6}", text in "[ab€é]{0,8}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), plain(&characters(&pattern), &characters(&text)));
        }

        #[test]
        fn what_matches_has_the_longest_part(
            parts in proptest::collection::vec(
                prop_oneof![
                    "[ab]{1,3}".prop_map(|literal| (literal.clone(), literal)),
                    Just((r"\\".to_owned(), r"\".to_owned())),
                    Just((r"\*".to_owned(), "*".to_owned())),
                    "[ab]{0,3}".prop_map(|any| ("*".to_owned(), any)),
                    "[abé]".prop_map(|one| ("?".to_owned(), one)),
                ],
                0..6,
            ),
        ) {
            let (pattern, text): (String, String) = parts.into_iter().unzip();
            let pattern = Pattern::new(&pattern);
            prop_assert!(pattern.matches(text.as_bytes(), false));
            if let Some(known) = pattern.longest() {
                let has = match known {
                    Known::Whole(whole) => text == whole,
                    Known::Prefix(start) => text.starts_with(start),
                    Known::Suffix(end) => text.ends_with(end),
                    Known::Infix(part) => text.contains(part),
                };
                prop_assert!(has);
            }
        }
    }
}
