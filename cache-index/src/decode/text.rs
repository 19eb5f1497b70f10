//! Replies as text, whatever bytes are in them: names, prefixes and fields of indexes that others made.

use crate::error::DecodeError;
use crate::printed::text_of;
use crate::reply::Reply;

/// The text of a reply, or its number; bytes that are no text are shown as `\xff`. Nothing for any other reply.
pub(super) fn text(reply: &Reply) -> String {
    match (reply.as_bytes(), reply.as_int()) {
        (Some(bytes), _) => text_of(bytes),
        (None, Some(number)) => number.to_string(),
        (None, None) => String::new(),
    }
}

/// The texts of a list.
pub(super) fn texts(reply: Reply) -> Result<Vec<String>, DecodeError> {
    Ok(reply.into_items()?.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_shown_byte_by_byte() {
        let of = |bytes: &'static [u8]| text(&Reply::Bulk(bytes.into()));
        assert_eq!(of("naïve\\x".as_bytes()), "naïve\\x");
        assert_eq!(of(b"\xffbad\xc3"), "\\xffbad\\xc3");
        assert_eq!((text(&Reply::Int(7)), text(&Reply::Nil)), ("7".to_owned(), String::new()));
    }
}
