//! What `main`, `unwrap` and a failed test show of an error: what it says, and what to do, rather than how it is built.

use std::error::Error as StdError;
use std::fmt;

use super::Error;

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
}
