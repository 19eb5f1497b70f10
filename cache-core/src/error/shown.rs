//! What `main`, `unwrap` and a failed test show of an error: what it says, and what to do, rather than how it is built.

use std::error::Error as StdError;
use std::fmt::{self, Write};

use cache_index::printed;

use super::{BoxError, Error};

/// The message, and those of what lies below.
pub(crate) fn shown(error: &(dyn StdError + 'static), f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Display::fmt(error, f)?;
    let mut below = error.source();
    while let Some(error) = below {
        write!(f, ": {error}")?;
        below = error.source();
    }
    Ok(())
}

/// An error of somebody else's code as a message may have it, with what a terminal would obey escaped. One that has nothing of it
/// stays what it is.
pub(crate) fn escaped(error: BoxError) -> BoxError {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let _ = write!(text, ": {error}");
        below = error.source();
    }
    let shown = printed(&text).to_string();
    if shown == text { error } else { shown.into() }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_main_shows_says_what_to_do() {
        let error = Error::IndexMissing { model: "User", index: "users".to_owned() };
        let shown = format!("{:?}", Box::<dyn StdError>::from(error));
        assert!(shown.contains("run `Migrator::new().register::<User>().run(&cache)` at boot"), "{shown}");
        let source = Some("no route to host".into());
        let error = Error::Unavailable { reason: "it is not there".to_owned(), source };
        let shown = format!("{:?}", Err::<(), _>(error));
        assert_eq!(shown, "Err(the server cannot be reached: it is not there: no route to host)");
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped_in_errors_of_others() {
        assert_eq!(escaped("boom\u{1b}[31m\n".into()).to_string(), r"boom\u{1b}[31m\n");
        let below = std::io::Error::other("a\u{7}");
        let error = Error::Unavailable { reason: "gone".to_owned(), source: Some(below.into()) };
        assert_eq!(escaped(error.into()).to_string(), r"the server cannot be reached: gone: a\u{7}");
        let plain = escaped(std::io::Error::other("boom").into());
        assert!(plain.is::<std::io::Error>(), "whoever asks for its type finds it");
    }
}
