//! Names and texts of others as a terminal may show them.

use std::fmt::{self, Display, Write};

/// A name or a text of somebody else's, as a line of a message may have it: control characters, which a terminal obeys, and
/// those that end a line or change the direction of what follows stand as Rust escapes them, `\u{1b}`. A key may have
/// any of them, and whoever writes one would write on the screens of those who look after the server.
///
/// ```
/// use cache_index::printed;
///
/// assert_eq!(printed("cache:user:ä 1\u{1b}[2J\n").to_string(), r"cache:user:ä 1\u{1b}[2J\n");
/// ```
pub fn printed(text: &str) -> Printed<'_> {
    Printed { text, keeps_lines: false }
}

/// The same for a text of several lines, which stay as they are.
///
/// ```
/// use cache_index::printed_lines;
///
/// let told = "2 keys:\ncache:user:\u{1b}[2J";
/// assert_eq!(printed_lines(told).to_string(), "2 keys:\ncache:user:\\u{1b}[2J");
/// ```
pub fn printed_lines(text: &str) -> Printed<'_> {
    Printed { text, keeps_lines: true }
}

/// The text of a name that may be any bytes. Those that are no UTF-8 stand as `redis-cli` shows them, `\xff`.
///
/// ```
/// assert_eq!(cache_index::text_of(b"cache:user:\xff\xc3\xa4"), r"cache:user:\xffä");
/// ```
pub fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing into a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// What [`printed`] makes.
///
/// ```
/// use cache_index::printed;
///
/// let key = "cache:user:\u{202e}1";
/// assert_eq!(format!("no document `{}`", printed(key)), r"no document `cache:user:\u{202e}1`");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Printed<'a> {
    text: &'a str,
    keeps_lines: bool,
}

impl Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text;
        while let Some(at) = rest.find(|letter| self.is_escaped(letter)) {
            let (before, behind) = rest.split_at(at);
            f.write_str(before)?;
            let mut letters = behind.chars();
            if let Some(letter) = letters.next() {
                // Of those that are neither, this would leave the ones that it takes to be visible.
                match letter {
                    '\n' | '\r' | '\t' => write!(f, "{}", letter.escape_default())?,
                    _ => write!(f, "{}", letter.escape_unicode())?,
                }
            }
            rest = letters.as_str();
        }
        f.write_str(rest)
    }
}

impl Printed<'_> {
    fn is_escaped(&self, letter: char) -> bool {
        match letter {
            '\n' => !self.keeps_lines,
            // The ends of lines and paragraphs, and the marks that change directions (Unicode TR #36 and #9).
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
            _ => letter.is_control(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_nothing_else() {
        for plain in ["", "cache:user:1", r"C:\x", "ä 漢 🦀 e\u{301}", "a`b\"c'd"] {
            assert_eq!(printed(plain).to_string(), plain);
        }
        let hostile = "a\u{1b}]0;x\u{7}b\u{9b}2J\r\n\t\u{7f}\0\u{202e}c\u{2028}";
        let shown = r"a\u{1b}]0;x\u{7}b\u{9b}2J\r\n\t\u{7f}\u{0}\u{202e}c\u{2028}";
        assert_eq!(printed(hostile).to_string(), shown);
        assert_eq!(printed_lines("a\r\nb\u{1b}\n").to_string(), "a\\r\nb\\u{1b}\n");
        for letter in (0..=0x10_ffff).filter_map(char::from_u32).filter(|letter| letter.is_control()) {
            assert!(!printed(&letter.to_string()).to_string().contains(letter), "{letter:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        assert_eq!(text_of("ä:1".as_bytes()), "ä:1");
        assert_eq!(text_of(b"a\xf0\x9f\x80b\xff"), r"a\xf0\x9f\x80b\xff");
    }
}
