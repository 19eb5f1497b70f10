//! `FT.AGGREGATE` requests as data, rendered into commands.

use std::time::Duration;

use super::rendered::RenderedAggregate;
use crate::command::Command;
use crate::filter::Rendered;
use crate::search::SearchOptions;

/// An aggregation over one index.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::aggregate::{AggregatePlan, AggregateRequest, count};
/// use cache_index::{Filter, SearchOptions};
///
/// let plan = AggregatePlan::<User>::all().reduce("adults", count()).render()?;
/// let request = AggregateRequest {
///     index: "cache:user:idx",
///     filter: &User::AGE.ge(18).render()?,
///     options: &SearchOptions::default(),
///     plan: &plan,
///     most: 10_000,
///     timeout: None,
///     cursor: None,
/// };
/// let words: Vec<_> = request.command().args().map(String::from_utf8_lossy).map(String::from).collect();
/// assert_eq!(
///     words.join(" "),
///     "FT.AGGREGATE cache:user:idx @age:[$p0 +inf] GROUPBY 0 REDUCE COUNT 0 AS r0 LIMIT 0 10000 TIMEOUT 0 \
///      PARAMS 2 p0 18 DIALECT 2",
/// );
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone)]
pub struct AggregateRequest<'a> {
    /// The index.
    pub index: &'a str,
    /// Which documents.
    pub filter: &'a Rendered,
    /// How they are looked for.
    pub options: &'a SearchOptions,
    /// What is made of them.
    pub plan: &'a RenderedAggregate,
    /// How many rows there may be if nothing else is said.
    pub most: u64,
    /// How long the server may take; `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// Rows come through a cursor: how many in the first answer, and how long the server keeps a cursor that nobody reads.
    /// `None`: all rows are one answer.
    pub cursor: Option<(u64, Duration)>,
}

impl AggregateRequest<'_> {
    /// The command.
    pub fn command(&self) -> Command {
        let command = Command::new("FT.AGGREGATE").arg(self.index).arg(self.filter.text());
        let mut command = self.options.append_to(command).args_from(&self.plan.before);
        if !self.plan.sort.is_empty() {
            command = command.arg("SORTBY").arg_display(self.plan.sort.len()).args_from(&self.plan.sort);
        }
        // Always said: a sorted answer would have ten rows without, and others would be cut at MAXAGGREGATERESULTS without
        // a word, which refuses a larger limit.
        let (offset, limit) = self.page();
        command = command.arg("LIMIT").arg_display(offset).arg_display(limit).args_from(&self.plan.after);
        if let Some((count, max_idle)) = self.cursor {
            command = command.args_from(["WITHCURSOR", "COUNT"]).arg_display(count);
            command = command.arg("MAXIDLE").arg_display(max_idle.as_millis());
        }
        let timeout = self.timeout.map_or(0, |timeout| timeout.as_millis().max(1));
        command = command.arg("TIMEOUT").arg_display(timeout);
        command = self.filter.params().append_to(command).args_from(["DIALECT", "2"]);
        // Repeated, it would leave the first cursor open.
        if self.cursor.is_some() { command } else { command.repeatable() }
    }

    /// How many rows the answer can have, if that is fewer than were asked for: an answer of so many may lack some.
    pub fn cap(&self) -> Option<u64> {
        let asked = self.plan.page.map_or(u64::MAX, |(_, limit)| limit);
        Some(self.page().1).filter(|limit| *limit < asked)
    }

    fn page(&self) -> (u64, u64) {
        let (offset, limit) = self.plan.page.unwrap_or((0, u64::MAX));
        let offset = offset.min(self.most);
        (offset, limit.min(self.most - offset))
    }
}
