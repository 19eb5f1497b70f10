//! How a command ends.

use std::process::ExitCode;

/// How a command ended. Becomes the [`ExitCode`] of a process.
///
/// ```
/// use cache_core::cli::Exit;
///
/// assert_eq!((Exit::Pending.code(), Exit::Failed.code()), (2, 1));
/// let _: std::process::ExitCode = Exit::Done.into(); // what `main` returns
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "it is what the process is to end with"]
pub enum Exit {
    /// All is as it should be: code 0.
    Done,
    /// There was an error: code 1.
    Failed,
    /// Something is to be done: code 2.
    Pending,
    /// All is done, with warnings, and `--strict` was given: code 3.
    Warned,
}

impl Exit {
    /// The code of the process.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Pending => 2,
            Self::Warned => 3,
        }
    }

    pub(super) fn pending_if(pending: bool) -> Self {
        if pending { Self::Pending } else { Self::Done }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
