//! `FT.AGGREGATE` requests as data, rendered into commands.

use std::time::Duration;

use super::render::RenderedAggregate;
use crate::command::Command;
use crate::filter::Rendered;

/// An aggregation over one index.
#[derive(Debug, Clone)]
pub struct AggregateRequest<'a> {
    /// The index.
    pub index: &'a str,
    /// Which documents.
    pub filter: &'a Rendered,
    /// What is made of them.
    pub plan: &'a RenderedAggregate,
    /// How many rows a sorted answer may have if nothing else is said; unsorted ones have no limit.
    pub most: u64,
    /// How long the server may take; `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// Rows come through a cursor, so many at a time; `None`: all in one answer.
    pub chunk: Option<u32>,
}

impl AggregateRequest<'_> {
    /// The command.
    pub fn command(&self) -> Command {
        let mut command = Command::new("FT.AGGREGATE")
            .arg(self.index)
            .arg(self.filter.text())
            .arg("TIMEOUT")
            .arg_display(self.timeout.map_or(0, |timeout| timeout.as_millis().max(1)))
            .args_from(&self.plan.before);
        if !self.plan.sort.is_empty() {
            command = command.arg("SORTBY").arg_display(self.plan.sort.len()).args_from(&self.plan.sort);
        }
        if let Some((offset, limit)) = self.page() {
            command = command.arg("LIMIT").arg_display(offset).arg_display(limit);
        }
        command = command.args_from(&self.plan.after);
        if let Some(chunk) = self.chunk {
            command = command.args_from(["WITHCURSOR", "COUNT"]).arg_display(chunk);
        }
        command = self.filter.params().append_to(command).args_from(["DIALECT", "2"]);
        // A repeated request would leave the first one's cursor open.
        if self.chunk.is_some() { command } else { command.repeatable() }
    }

    /// How many rows the answer can have, if there is a limit that the server was given and the user did not ask for: an
    /// answer of so many may lack some.
    pub fn cap(&self) -> Option<u64> {
        let asked = self.plan.page.map_or(u64::MAX, |(_, limit)| limit);
        self.page().map(|(_, limit)| limit).filter(|limit| *limit < asked)
    }

    /// Without a limit a sorted answer would have ten rows.
    fn page(&self) -> Option<(u64, u64)> {
        match self.plan.page {
            Some((offset, limit)) => {
                Some((offset.min(self.most), limit.min(self.most.saturating_sub(offset.min(self.most)))))
            }
            None if self.plan.sort.is_empty() => None,
            None => Some((0, self.most)),
        }
    }
}
