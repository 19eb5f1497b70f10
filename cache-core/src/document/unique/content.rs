//! What a claim holds: the key of the document that has the value, and what is under way.
//!
//! `:<key>` is a claim of a script's. In a cluster a claim is `<token>:<key>`, and while its document is being written
//! `<token>~<milliseconds>:<key>`, until the end of which it is nobody else's.

/// A claim's content, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// Who wrote it last; empty: a script.
    pub(super) token: String,
    /// Whether its document may be about to be written.
    pub(super) pending: bool,
    /// The key of the document.
    pub(super) owner: Vec<u8>,
}

impl Content {
    /// `None` for what is no claim.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let colon = bytes.iter().position(|byte| *byte == b':')?;
        let header = std::str::from_utf8(bytes.get(..colon)?).ok()?;
        let (token, pending) = match header.split_once('~') {
            Some((token, _)) => (token, true),
            None => (header, false),
        };
        Some(Self { token: token.to_owned(), pending, owner: bytes.get(colon + 1..)?.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_names_its_document() {
        let read = |bytes: &str| Content::read(bytes.as_bytes());
        let content = |token: &str, pending| Content {
            token: token.to_owned(),
            pending,
            owner: b"shop:cache:user:1:~2".to_vec(),
        };
        assert_eq!(read(":shop:cache:user:1:~2"), Some(content("", false)));
        assert_eq!(read("0a1b:shop:cache:user:1:~2"), Some(content("0a1b", false)));
        assert_eq!(read("0a1b~17:shop:cache:user:1:~2"), Some(content("0a1b", true)));
        assert_eq!(read("what somebody else stored"), None);
    }
}
