//! Errors of the operating system, wrapped with what was attempted.

use std::io;

use super::error::EmbeddedError;

impl EmbeddedError {
    /// Wraps an error with what was attempted, for `map_err`.
    pub(super) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> EmbeddedError {
        move |cause| EmbeddedError::Io { doing: doing.into(), cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_carries_the_attempt_and_the_cause() {
        let cause = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(
            EmbeddedError::io("write to there")(cause).to_string(),
            "could not write to there: permission denied; make sure the place exists, is writable and has room"
        );
    }
}
