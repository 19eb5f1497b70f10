//! Why there is no answer.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use cache_index::{Reply, ServerError, printed};

use super::tls;
use crate::connection::classify::{BROKE, NO_REDIS, REFUSED, ended_advice};
use crate::error::Error;

/// Why there is no answer, for all who waited for it.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The line could not be made, or broke.
    Line(Line),
    /// What came is not the protocol.
    Malformed(&'static str),
    /// The server refused what a connection begins with.
    Refused(&'static str, ServerError),
    /// The settings lead nowhere.
    Settings(String),
    /// There is no TLS.
    NoTls(String),
    /// It is not known where the server is.
    Unreachable(String),
    /// What the server said of itself before it ended the connection.
    Said(ServerError),
    /// So many calls that were given up are not answered yet.
    Busy(usize),
}

/// An error of the line, which all who waited share.
#[derive(Debug, Clone)]
pub(super) struct Line(Arc<io::Error>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Line {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => line.fmt(f),
            Self::Malformed(what) => what.fmt(f),
            Self::Refused(command, error) => write!(f, "{command}: {error}"),
            Self::Settings(reason) | Self::NoTls(reason) | Self::Unreachable(reason) => reason.fmt(f),
            Self::Said(error) => f.write_str(&said(error)),
            Self::Busy(limit) => write!(f, "{limit} calls that were given up are not answered yet"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Line(Line(Arc::new(error)))
    }
}

impl Failure {
    /// The connection is not there any more.
    pub(super) fn gone() -> Self {
        io::Error::from(io::ErrorKind::BrokenPipe).into()
    }

    pub(super) fn late() -> Self {
        io::Error::from(io::ErrorKind::TimedOut).into()
    }

    /// An answer came that nobody asked for. A server that takes no more clients says so in one.
    pub(super) fn unasked(reply: Reply) -> Self {
        match reply {
            Reply::Error(error) => Self::Said(error),
            _ => {
                let what = "an answer came that nobody asked for";
                io::Error::new(io::ErrorKind::InvalidData, what).into()
            }
        }
    }

    /// An answer came before all of what was asked was written.
    pub(super) fn early() -> Self {
        Self::Malformed("an answer came before its question was written as a whole")
    }

    /// The same, of what happens while a connection is made: that tells what is wrong with TLS from what is wrong with the line
    /// below, and another program from a server. Later, what both say of a connection is that it broke.
    pub(super) fn at_first(self) -> Self {
        match self {
            Self::Malformed(_) => Self::Settings(NO_REDIS.to_owned()),
            Self::Line(line) => match tls::reason(&line.0) {
                Some(reason) => Self::NoTls(reason),
                None => Self::Line(line),
            },
            other => other,
        }
    }

    /// Whether the connection itself is at fault, so that another one may do.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Line(_) | Self::Malformed(_) | Self::Unreachable(_) | Self::Said(_))
    }

    /// What a caller is told, who asked this command and has waited so long.
    pub(super) fn into_error(self, command: &str, after: Duration) -> Error {
        let unavailable = |reason: &str, source: Box<dyn StdError + Send + Sync>| Error::Unavailable {
            reason: reason.to_owned(),
            source: Some(source),
        };
        match self {
            Self::Line(line) => match line.0.kind() {
                io::ErrorKind::TimedOut => Error::Timeout { command: command.to_owned(), after },
                io::ErrorKind::ConnectionRefused => unavailable(REFUSED, Box::new(line)),
                _ => unavailable(BROKE, Box::new(line)),
            },
            Self::Malformed(what) => unavailable(BROKE, what.into()),
            Self::Refused(command, source) => Error::Server { command: command.to_owned(), source },
            Self::Settings(reason) => Error::Settings { setting: "url", reason },
            Self::NoTls(reason) => Error::Tls { reason },
            Self::Unreachable(reason) => Error::Unavailable { reason, source: None },
            Self::Said(error) => Error::Unavailable { reason: said(&error), source: None },
            Self::Busy(limit) => Error::Busy { limit },
        }
    }
}

/// What a server said before it ended the connection, and what to do.
fn said(error: &ServerError) -> String {
    format!("it said `{}` and ended the connection{}", printed(error.text()), ended_advice(error))
}
