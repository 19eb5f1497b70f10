//! What a command prints, for people or for machines.

use std::fmt::Display;
use std::io;

use cache_index::printed_lines;
use serde::Serialize;

use super::error::CliError;
use super::exit::Exit;

/// What a command prints, and how it ends.
#[derive(Debug)]
pub(super) struct Answer {
    /// Lines, the last one ended too.
    pub(super) text: String,
    /// How the command ends.
    pub(super) exit: Exit,
}

impl Answer {
    /// What is to be said: for people as it is displayed, but for what a terminal would obey, for machines as one line of JSON.
    pub(super) fn new(said: &(impl Display + Serialize), json: bool, exit: Exit) -> Result<Self, CliError> {
        let mut text = if json {
            serde_json::to_string(said).map_err(|error| CliError::Print(io::Error::other(error)))?
        } else {
            // What has names in it escapes them itself, line ends too; nothing of the rest may slip through.
            printed_lines(&said.to_string()).to_string()
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(Self { text, exit })
    }
}
