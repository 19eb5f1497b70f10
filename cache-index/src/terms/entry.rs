//! Texts as the server's tries keep them.

use super::error::TermError;

/// The most characters of a text in a trie: one less than the server keeps (`TRIE_INITIAL_STRING_LEN`), so that
/// [`MARK`] can stand behind every text.
const MOST_CHARACTERS: usize = 254;

/// The most bytes of a text in a trie, without [`MARK`].
const MOST_BYTES: usize = 509;

/// The most characters of a prefix (`TRIE_MAX_PREFIX`).
const MOST_OF_PREFIX: usize = 99;

/// The most bytes of a prefix.
const MOST_BYTES_OF_PREFIX: usize = 199;

/// Stands behind a text for a moment and in no text: it is no character.
pub(super) const MARK: char = '\u{ffff}';

/// Refuses a text that the server would drop, cut or change.
pub(super) fn check_entry(what: &'static str, text: &str) -> Result<(), TermError> {
    if text.is_empty() {
        return Err(TermError::Empty { what });
    }
    check(what, text, MOST_CHARACTERS, MOST_BYTES)
}

/// Refuses a prefix at which the server would fail, or which it would cut or change.
pub(super) fn check_prefix(text: &str) -> Result<(), TermError> {
    check("prefix", text, MOST_OF_PREFIX, MOST_BYTES_OF_PREFIX)
}

fn check(what: &'static str, text: &str, characters: usize, bytes: usize) -> Result<(), TermError> {
    if text.contains('\0') {
        return Err(TermError::Nul { what, text: text.to_owned() });
    }
    if let Some(character) = text.chars().find(|character| *character >= MARK) {
        return Err(TermError::Character { what, text: text.to_owned(), character });
    }
    if text.len() > bytes || text.chars().count() > characters {
        return Err(TermError::TooLong { what, text: text.to_owned(), characters, bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_would_change_is_refused() {
        let refused = |text: &str| check_entry("text", text).unwrap_err();
        assert_eq!(refused(""), TermError::Empty { what: "text" });
        assert!(matches!(refused("a\0b"), TermError::Nul { .. }));
        assert!(matches!(refused("a🦀"), TermError::Character { character: '🦀', .. }));
        assert!(matches!(refused("a\u{ffff}"), TermError::Character { .. }));
        assert!(matches!(refused(&"a".repeat(255)), TermError::TooLong { characters: 254, .. }));
        assert!(matches!(refused(&"€".repeat(170)), TermError::TooLong { bytes: 509, .. }));
        assert!(check_entry("text", &"a".repeat(254)).is_ok());
        assert!(check_entry("text", "\u{fffd} \\ é\n").is_ok());
    }

    #[test]
    fn prefixes_may_be_empty_and_are_shorter() {
        assert!(check_prefix("").is_ok());
        assert!(check_prefix(&"a".repeat(99)).is_ok());
        assert!(check_prefix(&"a".repeat(100)).is_err());
        assert!(check_prefix(&"é".repeat(99)).is_ok());
        assert!(check_prefix(&"€".repeat(67)).is_err());
    }
}
