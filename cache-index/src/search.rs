//! `FT.SEARCH` requests as data, rendered into commands.

use std::time::Duration;

use crate::command::Command;
use crate::filter::Rendered;
use crate::path::SearchName;
use crate::sort::Direction;

/// A search over one index.
#[derive(Debug, Clone)]
pub struct SearchRequest<'a> {
    /// The index.
    pub index: &'a str,
    /// Which documents.
    pub filter: &'a Rendered,
    /// The field to sort by, if any; without one the server sorts by score.
    pub sort: Option<(SearchName, Direction)>,
    /// How many hits to leave out at the beginning.
    pub offset: u64,
    /// How many hits to answer at most; 0 counts only.
    pub limit: u64,
    /// How long the server may search; `None`: as long as it takes.
    pub timeout: Option<Duration>,
}

impl SearchRequest<'_> {
    /// The command. Documents come whole (`RETURN 1 $`), which is the only exact form in dialect 2.
    pub fn command(&self) -> Command {
        let mut command = Command::new("FT.SEARCH").arg(self.index).arg(self.filter.text());
        command =
            if self.limit == 0 { command.arg("NOCONTENT") } else { command.args_from(["RETURN", "1", "$"]) };
        if let Some((field, direction)) = self.sort {
            command = command.arg("SORTBY").arg_display(field).arg(direction.keyword());
        }
        command = command.arg("LIMIT").arg_display(self.offset).arg_display(self.limit);
        command = command.arg("TIMEOUT").arg_display(self.server_timeout());
        command = self.filter.params().append_to(command);
        command.args_from(["DIALECT", "2"]).repeatable()
    }

    /// The command whose answer tells whether a prefix of the query is expanded to its end; `None`: there is none.
    ///
    /// It profiles the prefixes and nothing else: RediSearch 2.10.5 crashes when it profiles other things, `ismissing`
    /// among them.
    pub fn expansions_command(&self) -> Option<Command> {
        let (text, params) = self.filter.expansions()?;
        let command = Command::new("FT.PROFILE")
            .arg(self.index)
            .args_from(["SEARCH", "LIMITED", "QUERY"])
            .arg(text)
            .args_from(["NOCONTENT", "LIMIT", "0", "0", "TIMEOUT"])
            .arg_display(self.server_timeout());
        Some(params.append_to(command).args_from(["DIALECT", "2"]).repeatable())
    }

    /// In milliseconds; 0: none.
    fn server_timeout(&self) -> u128 {
        self.timeout.map_or(0, |timeout| timeout.as_millis().max(1))
    }

    /// The command that shows the tree which the server reads out of the query text.
    pub fn explain_command(&self) -> Command {
        let command = Command::new("FT.EXPLAIN").arg(self.index).arg(self.filter.text());
        self.filter.params().append_to(command).args_from(["DIALECT", "2"]).repeatable()
    }
}
