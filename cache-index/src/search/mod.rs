//! Searches for documents as data, rendered into commands.

// A file imports from those before it: options, member, loads, cursor.

mod cursor;
mod loads;
mod member;
mod options;

use std::time::Duration;

use crate::command::Command;
use crate::filter::Rendered;
use crate::path::SearchName;
use crate::sort::Direction;

pub use cursor::CursorRequest;
pub use loads::Loads;
pub(crate) use member::Walk;
pub use member::{IsScalar, Member, NotScalar};
pub use options::{Scorer, SearchOptions};

/// A search over one index.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::{Loads, SearchOptions, SearchRequest};
///
/// let request = SearchRequest {
///     index: "cache:user:idx",
///     filter: &User::AGE.ge(18).render()?,
///     options: &SearchOptions::default(),
///     loads: Loads::KEY,
///     witness: "id",
///     scores: false,
///     sort: &[],
///     offset: 0,
///     limit: 10,
///     timeout: None,
/// };
/// let words: Vec<_> = request.command().args().map(String::from_utf8_lossy).map(String::from).collect();
/// assert_eq!(
///     words.join(" "),
///     "FT.SEARCH cache:user:idx @age:[$p0 +inf] NOCONTENT LIMIT 0 10 TIMEOUT 0 PARAMS 2 p0 18 DIALECT 2",
/// );
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SearchRequest<'a> {
    /// The index.
    pub index: &'a str,
    /// Which documents.
    pub filter: &'a Rendered,
    /// How they are looked for.
    pub options: &'a SearchOptions,
    /// What is brought of each.
    pub loads: Loads,
    /// A member that every document has, of the primary key: it shows that a document is there.
    pub witness: &'a str,
    /// Whether the scores are brought.
    pub scores: bool,
    /// The fields to sort by, the first one first; without any the server sorts by score, or by distance where the
    /// nearest are asked for.
    pub sort: &'a [(SearchName, Direction)],
    /// How many hits to leave out at the beginning.
    pub offset: u64,
    /// How many hits to answer at most; 0 counts only.
    pub limit: u64,
    /// How long the server may search; `None`: as long as it takes.
    pub timeout: Option<Duration>,
}

impl SearchRequest<'_> {
    /// The command: `FT.SEARCH`, or where it is to sort by several fields, which that cannot, `FT.AGGREGATE`.
    pub fn command(&self) -> Command {
        if self.is_aggregation() { self.aggregation() } else { self.search() }.repeatable()
    }

    /// Whether [`command`](SearchRequest::command) is an aggregation, whose answers have another shape.
    pub fn is_aggregation(&self) -> bool {
        self.sort.len() > 1
    }

    /// Whether somebody asked for an order.
    pub fn is_sorted(&self) -> bool {
        !self.sort.is_empty() || self.filter.distance().is_some()
    }

    /// Whether nothing but keys, and their scores, is asked for, in no order.
    fn is_keys(&self) -> bool {
        self.loads.is_nothing() && !self.is_sorted()
    }

    fn search(&self) -> Command {
        let mut command =
            Command::with_capacity("FT.SEARCH", 24, 256).arg(self.index).arg(self.filter.text());
        if self.scores {
            command = command.arg("WITHSCORES");
        }
        command = self.options.append_to(command);
        command = if self.limit == 0 || self.loads.is_nothing() {
            command.arg("NOCONTENT")
        } else {
            let distance: Vec<_> = self.filter.distance().into_iter().collect();
            self.loads.append_to(command.arg("RETURN"), &distance, self.witness)
        };
        match (self.sort, self.filter.distance()) {
            ([(field, direction)], _) => {
                command = command.arg("SORTBY").arg_display(field).arg(direction.keyword());
            }
            (_, Some(distance)) => command = command.arg("SORTBY").arg(distance).arg("ASC"),
            _ => {}
        }
        self.end(command.arg("LIMIT").arg_display(self.offset).arg_display(self.limit))
    }

    fn aggregation(&self) -> Command {
        let command = self.loaded();
        self.end(command.arg("LIMIT").arg_display(self.offset).arg_display(self.limit))
    }

    /// An aggregation up to its order: what is looked for and what is brought of it.
    fn loaded(&self) -> Command {
        let mut command = Command::new("FT.AGGREGATE").arg(self.index).arg(self.filter.text());
        if self.scores {
            command = command.arg("ADDSCORES");
        }
        command = self.options.append_to(command);
        let distance = self.filter.distance().map(|name| format!("@{name}"));
        let names: Vec<_> = ["@__key"].into_iter().chain(distance.as_deref()).collect();
        command = self.loads.append_to(command.arg("LOAD"), &names, self.witness);
        if let (Some(distance), []) = (&distance, self.sort) {
            command = command.args_from(["SORTBY", "2", distance, "ASC"]);
        } else if !self.sort.is_empty() {
            command = command.arg("SORTBY").arg_display(self.sort.len() * 2);
            for (field, direction) in self.sort {
                command = command.arg_display(format_args!("@{field}")).arg(direction.keyword());
            }
        }
        command
    }

    fn end(&self, command: Command) -> Command {
        let command = command.arg("TIMEOUT").arg_display(self.server_timeout());
        let command = self.filter.params().append_to(command);
        command.arg("DIALECT").arg(self.loads.dialect())
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
        let command = self.options.append_to(command);
        self.filter.params().append_to(command).args_from(["DIALECT", "2"]).repeatable()
    }

    /// The command that runs the search and tells how the time was spent.
    pub fn profile_command(&self) -> Command {
        let command = Command::new("FT.PROFILE").arg(self.index).args_from(["SEARCH", "QUERY"]);
        let command = self.options.append_to(command.arg(self.filter.text()));
        self.end(command.args_from(["NOCONTENT", "LIMIT", "0", "0"])).repeatable()
    }
}
