//! What is told of a call: names, counts and sizes.

use std::fmt;

use cache_index::{Batch, Command, Reply, ServerErrorKind};

use super::Sent;
use crate::cache::degrade::AWAY;
use crate::connection::is_unmade;
use crate::error::Error;

/// The longest name of a command that is told.
const LONGEST: usize = 32;

/// How many different commands of a batch are told.
const MOST: usize = 8;

/// What stands in the place of what has no name of a bounded set, as OpenTelemetry has it.
const OTHER: &str = "_OTHER";

/// A command's name; not what can be none, since whoever sends any command may put anything there.
pub(crate) fn name(command: &Command) -> &str {
    let name = command.name();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.len() <= LONGEST && !name.is_empty() && name.bytes().all(is_name) { name } else { OTHER }
}

/// `db.operation.name`: the command, behind `PIPELINE` or `MULTI` for several of one name; for others, that alone.
pub(super) fn operation(sent: Sent<'_>) -> impl fmt::Display {
    struct Operation<'a>(Option<&'static str>, Option<&'a str>);

    impl fmt::Display for Operation<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self(Some(how), Some(name)) => write!(f, "{how} {name}"),
                Self(how, name) => f.write_str(how.or(*name).unwrap_or(OTHER)),
            }
        }
    }

    match sent {
        Sent::One(command) => Operation(None, Some(name(command))),
        Sent::Many(batch) => {
            let mut names = batch.commands().iter().map(name);
            let first = names.next().filter(|first| names.all(|name| name == *first));
            Operation(Some(how(batch)), first)
        }
    }
}

/// How commands travel together.
pub(crate) fn how(batch: &Batch) -> &'static str {
    if batch.is_atomic() { "MULTI" } else { "PIPELINE" }
}

/// The different commands of a batch, in order.
pub(super) fn names(batch: &Batch) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in batch.commands().iter().map(name) {
        if names.len() == MOST {
            break;
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(",")
}

/// The bytes of what an answer holds, without what the protocol adds.
pub(crate) fn bytes_of(reply: &Reply) -> usize {
    match reply {
        Reply::Bulk(bytes) => bytes.len(),
        Reply::Status(text) => text.len(),
        Reply::Int(_) | Reply::Double(_) => 8,
        Reply::Array(items) => items.iter().map(bytes_of).sum(),
        Reply::Map(pairs) => pairs.iter().map(|(key, value)| bytes_of(key) + bytes_of(value)).sum(),
        _ => 0,
    }
}

/// How the documents, values or rows in an answer are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// The answer is one, or nil.
    One,
    /// The answer is a list of them, with nil for what is not there.
    Each,
    /// The answer is that of a search; in RESP2, each of them is so many items.
    Found(usize),
    /// The command answers none.
    None,
}

impl Rows {
    pub(crate) fn of(command: &Command) -> Self {
        match command.name() {
            "GET" | "JSON.GET" => Self::One,
            "MGET" | "JSON.MGET" => Self::Each,
            "FT.AGGREGATE" => Self::Found(1),
            "FT.CURSOR" if command.args().nth(1) == Some(b"READ") => Self::Found(1),
            "FT.SEARCH" => Self::Found(items_of(command)),
            _ => Self::None,
        }
    }

    /// Of each command. What stands beside a search are looks at what is known of its index, and no rows.
    pub(crate) fn of_all(commands: &[Command]) -> Vec<Self> {
        let mut rows: Vec<_> = commands.iter().map(Self::of).collect();
        let is_found = |rows: &Self| matches!(rows, Self::Found(_));
        if rows.iter().any(is_found) {
            rows.iter_mut().filter(|rows| !is_found(rows)).for_each(|rows| *rows = Self::None);
        }
        rows
    }

    /// How many; `None`: it answers none.
    pub(crate) fn count(self, reply: &Reply) -> Option<usize> {
        match (self, reply) {
            (Self::One, Reply::Nil) => Some(0),
            (Self::One, _) => Some(1),
            (Self::Each, Reply::Array(items)) => {
                Some(items.iter().filter(|item| **item != Reply::Nil).count())
            }
            (Self::Found(items), reply) => found(reply, items),
            _ => None,
        }
    }
}

fn found(reply: &Reply, items: usize) -> Option<usize> {
    match reply {
        Reply::Map(pairs) => {
            let results = pairs.iter().find(|(key, _)| key.as_bytes() == Some(b"results"));
            match results {
                Some((_, Reply::Array(results))) => Some(results.len()),
                _ => None,
            }
        }
        Reply::Array(all) => match all.first()? {
            // With a cursor behind it.
            answer @ (Reply::Array(_) | Reply::Map(_)) => found(answer, items),
            _ => (all.len() - 1).checked_div(items),
        },
        _ => None,
    }
}

/// How many items a document is in the answer of RESP2: its key, what it holds, and what was asked for beside that.
fn items_of(search: &Command) -> usize {
    let (mut items, mut holds) = (1, true);
    let mut args = search.args().skip(3);
    while let Some(arg) = args.next() {
        match arg {
            // What follows are values.
            b"PARAMS" => break,
            b"NOCONTENT" => holds = false,
            b"RETURN" => holds = args.next() != Some(b"0"),
            b"WITHSCORES" | b"WITHPAYLOADS" | b"WITHSORTKEYS" => items += 1,
            _ => {}
        }
    }
    items + usize::from(holds)
}

/// `error.type`: what an error is, out of a bounded set.
pub(crate) fn error_type(error: &Error) -> &'static str {
    use ServerErrorKind as Kind;
    match (error, error.server_kind()) {
        (Error::Unavailable { .. }, _) => "unavailable",
        (Error::Busy { .. }, _) => "busy",
        (Error::Timeout { .. }, _) => "timeout",
        (Error::Tls { .. }, _) => "tls",
        (Error::Client(_), _) => "client",
        (Error::Decode { .. }, _) => "decode",
        (Error::NoFence { .. }, _) => "no_fence",
        (Error::Unsupported { .. }, _) => "unsupported",
        (Error::NoRuntime, _) => "no_runtime",
        (_, Some(kind)) => match kind {
            Kind::Loading => "loading",
            Kind::ReadOnly => "read_only",
            Kind::Authentication => "authentication",
            Kind::Permission => "permission",
            Kind::KeyPermission => "key_permission",
            Kind::UnknownCommand => "unknown_command",
            Kind::UnknownIndex => "unknown_index",
            Kind::IndexExists => "index_exists",
            Kind::UnknownDictionary => "unknown_dictionary",
            Kind::NoScript => "no_script",
            Kind::WrongType => "wrong_type",
            Kind::OutOfMemory => "out_of_memory",
            Kind::NoReplicas => "no_replicas",
            Kind::NotPersisting => "not_persisting",
            Kind::ClusterDown => "cluster_down",
            Kind::Busy => "server_busy",
            Kind::QueryTimeout => "query_timeout",
            Kind::UnknownCursor => "unknown_cursor",
            Kind::TooManyCursors => "too_many_cursors",
            Kind::Moved => "moved",
            Kind::Moving => "moving",
            _ => "server",
        },
        _ => OTHER,
    }
}

/// Whether of a call that ended so nothing was sent: it was refused here, or nobody took the connection.
pub(super) fn is_unsent(error: &Error) -> bool {
    match error {
        Error::Unavailable { reason, .. } => reason == AWAY || is_unmade(reason),
        Error::Busy { .. }
        | Error::NoFence { .. }
        | Error::NoRuntime
        | Error::Settings { .. }
        | Error::Tls { .. } => true,
        _ => false,
    }
}

/// `db.response.status_code`: the code that a server's error begins with, if it is one of Redis's own. Scripts and modules may put
/// any word there, also a value.
pub(super) fn status_code(error: &Error) -> Option<&'static str> {
    const CODES: [&str; 23] = [
        "ERR",
        "WRONGTYPE",
        "NOAUTH",
        "NOPERM",
        "WRONGPASS",
        "LOADING",
        "BUSY",
        "BUSYKEY",
        "READONLY",
        "OOM",
        "MOVED",
        "ASK",
        "TRYAGAIN",
        "CLUSTERDOWN",
        "CROSSSLOT",
        "NOSCRIPT",
        "MISCONF",
        "NOREPLICAS",
        "EXECABORT",
        "MASTERDOWN",
        "NOPROTO",
        "UNKILLABLE",
        "NOTBUSY",
    ];
    let Error::Server { source, .. } = error else { return None };
    let first = source.text().split(' ').next()?;
    CODES.into_iter().find(|code| *code == first)
}

#[cfg(test)]
mod tests {
    use cache_index::ServerError;

    use super::*;

    #[test]
    fn operations_are_named_as_opentelemetry_names_them() {
        let named = |sent: Sent<'_>| operation(sent).to_string();
        let (get, set) = (Command::new("GET").key("k"), Command::new("SET").key("k").arg("v"));
        assert_eq!(named(Sent::One(&get)), "GET");
        let batch =
            |commands: &[&Command]| commands.iter().map(|&command| command.clone()).collect::<Vec<_>>();
        assert_eq!(named(Sent::Many(&Batch::pipeline(batch(&[&get, &get])))), "PIPELINE GET");
        assert_eq!(named(Sent::Many(&Batch::atomic(batch(&[&get, &set])))), "MULTI");
        assert_eq!(names(&Batch::atomic(batch(&[&get, &set, &get]))), "GET,SET");
        assert_eq!(named(Sent::Many(&Batch::pipeline(Vec::new()))), "PIPELINE");
        for hostile in ["GET hunter2", "", "a\nb", "x".repeat(33).as_str()] {
            assert_eq!(named(Sent::One(&Command::new(hostile))), OTHER, "{hostile}");
        }
    }

    #[test]
    fn rows_are_counted_in_both_protocols() {
        let bulk = |text: &'static str| Reply::Bulk(text.into());
        let two = Reply::Array(vec![
            Reply::Int(9),
            bulk("a"),
            Reply::Array(vec![]),
            bulk("b"),
            Reply::Array(vec![]),
        ]);
        let search = Command::new("FT.SEARCH").arg("i").arg("NOCONTENT");
        let resp3 = Reply::Map(vec![(bulk("results"), Reply::Array(vec![Reply::Nil; 2]))]);
        for reply in [&two, &resp3] {
            assert_eq!(Rows::of(&search).count(reply), Some(2));
        }
        let values = search.clone().arg("PARAMS").arg("2").arg("p").arg("WITHSCORES");
        assert_eq!(Rows::of(&values), Rows::Found(2));
        let keys = search.clone().arg("NOCONTENT");
        assert_eq!(Rows::of(&keys).count(&two), Some(4), "each of them is a key");
        assert_eq!(Rows::of(&search.clone().arg("RETURN").arg("0")), Rows::Found(1));
        assert_eq!(Rows::of(&search.arg("WITHSCORES")), Rows::Found(3));
        let rows = Reply::Array(vec![Reply::Int(1), Reply::Array(vec![]), Reply::Array(vec![])]);
        let aggregate = Rows::of(&Command::new("FT.AGGREGATE"));
        assert_eq!(aggregate.count(&rows), Some(2));
        assert_eq!(aggregate.count(&Reply::Array(vec![rows, Reply::Int(77)])), Some(2));
        let many = Rows::of(&Command::new("JSON.MGET"));
        assert_eq!(many.count(&Reply::Array(vec![Reply::Nil, bulk("x")])), Some(1));
        assert_eq!(Rows::of(&Command::new("JSON.GET")).count(&Reply::Nil), Some(0));
        assert_eq!(Rows::of(&Command::new("PING")).count(&Reply::Nil), None);
        let beside = [Command::new("GET").key("k"), Command::new("FT.SEARCH").arg("i").arg("*")];
        assert_eq!(Rows::of_all(&beside), [Rows::None, Rows::Found(2)]);
        assert_eq!(Rows::of_all(&beside[..1]), [Rows::One]);
    }

    #[test]
    fn what_was_refused_here_was_not_sent() {
        let unavailable = |reason: &str| Error::Unavailable { reason: reason.to_owned(), source: None };
        let timeout = Error::Timeout { command: "GET".to_owned(), after: std::time::Duration::ZERO };
        for (error, unsent) in [
            (unavailable(AWAY), true),
            (unavailable("it refuses connections; start it, or mend the address"), true),
            (
                unavailable("no connection could be made; see that it runs, and that this is its address"),
                true,
            ),
            (Error::Busy { limit: 1 }, true),
            (Error::NoFence { command: "GET".to_owned() }, true),
            (unavailable("the connection broke"), false),
            (timeout, false),
        ] {
            assert_eq!(is_unsent(&error), unsent, "{error}");
        }
    }

    #[test]
    fn no_word_of_a_script_is_a_code() {
        let error = |text: &str| Error::Server {
            command: "EVAL".to_owned(),
            source: ServerError::new(ServerErrorKind::Other, text),
        };
        assert_eq!(status_code(&error("ERR no such key")), Some("ERR"));
        assert_eq!(status_code(&error("HUNTER2 is my password")), None);
        assert_eq!(error_type(&error("HUNTER2")), "server");
    }
}
