//! Searches whose answer the server keeps and hands out piece by piece.

use std::time::Duration;

use super::SearchRequest;
use crate::command::Command;

/// The most that the server takes as a limit of an aggregation: it reads larger ones as something else, and answers nothing.
const MOST: u64 = i32::MAX as u64;

/// The most documents that the server leaves out at the beginning of an aggregation's answer; more is an error.
const MOST_OFFSET: u64 = 1_000_000;

/// A search over one index whose hits are read through a cursor.
///
/// Those that are sorted, and keys alone, the server collects before it answers: each piece is of that moment. Of others it reads
/// a piece from the index when that is asked for: documents that were written since may be left out or come twice, so that only
/// the first answer is to be relied on.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use std::time::Duration;
///
/// use cache_index::{CursorRequest, Loads, SearchOptions, SearchRequest};
///
/// # let (filter, options) = (User::AGE.ge(18).render()?, SearchOptions::default());
/// # let (index, witness) = ("cache:user:idx", "id");
/// # let search = SearchRequest { index, filter: &filter, options: &options, loads: Loads::KEY, witness, scores: false, sort: &[], offset: 0, limit: u64::MAX, timeout: None };
/// let request = CursorRequest { search, count: 1_000, max_idle: Duration::from_secs(60), room: CursorRequest::ROOM };
/// assert_eq!(request.command().name(), "FT.AGGREGATE");
/// assert_eq!(request.cap(), Some(1_000_000), "the server collects them");
/// let more = CursorRequest::read("cache:user:idx", 7, 1_000);
/// assert_eq!(more.args().collect::<Vec<_>>(), ["FT.CURSOR", "READ", "cache:user:idx", "7", "COUNT", "1000"].map(str::as_bytes));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CursorRequest<'a> {
    /// The search. Its limit is how many documents are handed out in all; `u64::MAX`: as many as there are.
    pub search: SearchRequest<'a>,
    /// How many documents the first answer has.
    pub count: u64,
    /// How long the server keeps a cursor that nobody reads.
    pub max_idle: Duration,
    /// How many the server has room for where it collects them: it takes eight bytes for each at once, however few there are.
    pub room: u64,
}

impl CursorRequest<'_> {
    /// Room that costs the server eight megabytes.
    pub const ROOM: u64 = 1_000_000;
    /// The most that there can be room for.
    pub const MOST_ROOM: u64 = MOST;

    /// The command. Its answer has the first documents.
    pub fn command(&self) -> Command {
        let search = &self.search;
        let mut command = search.loaded();
        if search.is_keys() {
            // Not `SORTBY 0`: RediSearch 8 collects nothing for that.
            command = command.args_from(["SORTBY", "2", "@__key", "ASC"]);
        }
        let most = self.cap().unwrap_or(MOST);
        if search.limit != u64::MAX || search.offset > 0 {
            // What lies beyond is never answered; the cap says so.
            let offset = search.offset.min(MOST_OFFSET);
            command = command.arg("LIMIT").arg_display(offset).arg_display(search.limit.min(most));
        } else if self.cap().is_some() {
            // Collected without a limit, ten would be all.
            command = command.arg("MAX").arg_display(most);
        }
        command = command.args_from(["WITHCURSOR", "COUNT"]).arg_display(self.count);
        search.end(command.arg("MAXIDLE").arg_display(self.max_idle.as_millis()))
    }

    /// How many documents the answer has at most, however many there are; `None`: as many as there are.
    pub fn cap(&self) -> Option<u64> {
        if self.search.offset > MOST_OFFSET {
            return Some(0);
        }
        let collects = self.search.is_sorted() || self.search.is_keys();
        collects.then_some(self.room.min(MOST))
    }

    /// The command whose answer has the next documents.
    pub fn read(index: &str, cursor: u64, count: u64) -> Command {
        Command::new("FT.CURSOR").arg("READ").arg(index).arg_display(cursor).arg("COUNT").arg_display(count)
    }

    /// The command that closes the cursor.
    pub fn close(index: &str, cursor: u64) -> Command {
        Command::new("FT.CURSOR").arg("DEL").arg(index).arg_display(cursor)
    }
}
