//! Percent signs: how a part of a key is written where `:` and braces have a meaning.

use std::fmt::{self, Display, Write};

/// Appends what is shown, with the characters that have a meaning in keys written as `%` and their bytes in hexadecimal
/// digits: `%`, `:`, `{`, `}` and control characters.
pub(crate) fn write_escaped(buffer: &mut Vec<u8>, part: &dyn Display) {
    // Writing into a vector cannot fail; a `Display` that does is its own mistake, as in `to_string`.
    let _ = write!(Escaped(buffer), "{part}");
}

struct Escaped<'a>(&'a mut Vec<u8>);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let mut bytes = [0; 4];
            let bytes = character.encode_utf8(&mut bytes).bytes();
            if matches!(character, '%' | ':' | '{' | '}') || character.is_control() {
                bytes.for_each(|byte| self.0.extend_from_slice(format!("%{byte:02X}").as_bytes()));
            } else {
                self.0.extend(bytes);
            }
        }
        Ok(())
    }
}

/// What was written as this; `None` if nothing is.
pub(crate) fn read_escaped(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(piece.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    let read = String::from_utf8(bytes).ok()?;
    let mut written = Vec::with_capacity(text.len());
    write_escaped(&mut written, &read);
    (written == text.as_bytes()).then_some(read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut buffer = Vec::new();
        write_escaped(&mut buffer, &text);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn what_has_a_meaning_is_escaped_and_nothing_else() {
        assert_eq!(escaped("50% {a}:b\n\u{85} ü~*"), "50%25 %7Ba%7D%3Ab%0A%C2%85 ü~*");
    }

    #[test]
    fn what_nobody_writes_is_not_read() {
        for text in ["%", "%4", "%41", "%7b", "a:b", "%FF", "%+1", "{", "%ü"] {
            assert_eq!(read_escaped(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in any::<String>()) {
            let written = escaped(&text);
            let plain = |letter: char| !letter.is_control() && !":{}".contains(letter);
            prop_assert!(written.chars().all(plain), "{}", written);
            prop_assert_eq!(read_escaped(&written), Some(text));
        }
    }
}
