//! Between this crate's values and those of the `redis` crate, without copying bytes on the way back.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, PushInfo, PushKind, RedisError, Value};
use cache_index::{Command, DecodeError, Reply, ServerError};

use super::tls;
use crate::connection::classify::{NO_REDIS, REFUSED, server_error};
use crate::connection::{Capabilities, Push};
use crate::error::{Error, Result};

pub(super) fn cmd(command: &Command) -> Cmd {
    let args = command.args();
    let mut cmd = Cmd::with_capacity(args.len(), command.size());
    for argument in args {
        cmd.arg(argument);
    }
    cmd
}

/// Commands one behind the other. A transaction's answers are read by [`transaction`]: the client's own transactions (1.8.1) panic
/// in debug builds where `MULTI` itself is refused, and do not tell which command was.
pub(super) fn cmds(commands: &[&Command], atomic: bool) -> impl Iterator<Item = Cmd> {
    let framed = move |name| atomic.then(|| ::redis::cmd(name)).into_iter();
    framed("MULTI").chain(commands.iter().map(|command| cmd(command))).chain(framed("EXEC"))
}

/// Commands in one piece, as [`cmds`].
pub(super) fn pipeline(commands: &[&Command], atomic: bool) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len() + 2);
    for cmd in cmds(commands, atomic) {
        pipeline.add_command(cmd);
    }
    pipeline
}

/// What a message calls commands that travel together.
pub(super) fn names(commands: &[&Command]) -> String {
    commands.iter().map(|command| command.name()).collect::<Vec<_>>().join("+")
}

/// How many [`questions`] there are.
pub(super) const QUESTIONS: usize = 3;

/// What is asked to know what a server can do.
pub(super) fn questions() -> Pipeline {
    let mut questions = Pipeline::with_capacity(QUESTIONS);
    for question in Capabilities::questions() {
        questions.add_command(cmd(&question));
    }
    questions
}

/// The answers to the [`questions`], on a connection to this database.
pub(super) fn capabilities(values: Vec<Value>, database: i64) -> Result<Capabilities> {
    let mut values = values.into_iter();
    let mut next = |command| answer(command, values.next().unwrap_or(Value::Nil));
    let (hello, max_results, alias) = (next("HELLO"), next("FT.CONFIG"), next("COMMAND"));
    // What a server that is starting says of itself is not what it will be able to do.
    if let Err(error) = &max_results
        && error.is_unavailable()
    {
        return Err(error.again());
    }
    Ok(Capabilities { database, ..Capabilities::read(hello?, max_results, alias)? })
}

/// The reply; a server's error among its parts stays a part of it.
pub(super) fn reply(value: Value) -> Reply {
    match value {
        Value::Nil => Reply::Nil,
        Value::Int(number) => Reply::Int(number),
        Value::Double(number) => Reply::Double(number),
        Value::Boolean(truth) => Reply::Bool(truth),
        Value::BulkString(bytes) => Reply::Bulk(bytes.into()),
        Value::SimpleString(text) => Reply::Status(text),
        Value::VerbatimString { text, .. } => Reply::Bulk(text.into()),
        Value::Okay => Reply::Status("OK".to_owned()),
        Value::Array(items) | Value::Set(items) => Reply::Array(items.into_iter().map(reply).collect()),
        Value::Map(pairs) => {
            Reply::Map(pairs.into_iter().map(|(key, value)| (reply(key), reply(value))).collect())
        }
        Value::Attribute { data, .. } => reply(*data),
        Value::Push { data, .. } => Reply::Array(data.into_iter().map(reply).collect()),
        Value::ServerError(error) => Reply::Error(answered(error.code(), error.details())),
        Value::BigNumber(digits) => Reply::Bulk(digits.into()),
        // The enum is open. What a later version of the client adds has no meaning here yet.
        other => Reply::Status(format!("{other:?}")),
    }
}

/// The answer to a command: a server's error is an error.
pub(super) fn answer(command: &str, value: Value) -> Result<Reply> {
    match reply(value) {
        Reply::Error(source) => Err(Error::Server { command: command.to_owned(), source }),
        reply => Ok(reply),
    }
}

/// The answers of a transaction: what `EXEC` gave, one each; if it was not run, why not.
///
/// Where `MULTI` is refused, the server runs what follows one by one, and says at the end that there was no transaction.
pub(super) fn transaction(commands: &[&Command], mut values: Vec<Value>) -> Result<Vec<Result<Reply>>> {
    match values.pop() {
        Some(Value::Array(values)) if values.len() == commands.len() => {
            Ok(commands.iter().zip(values).map(|(command, value)| answer(command.name(), value)).collect())
        }
        Some(Value::ServerError(aborted)) => {
            // The command that was refused says why; `EXEC` says only that one was.
            let names = std::iter::once("MULTI").chain(commands.iter().map(|command| command.name()));
            let refused = names.zip(values).find_map(|(name, value)| answer(name, value).err());
            Err(refused.unwrap_or_else(|| {
                let source = answered(aborted.code(), aborted.details());
                Error::Server { command: "EXEC".to_owned(), source }
            }))
        }
        other => Err(Error::Decode {
            command: "EXEC".to_owned(),
            source: DecodeError::unexpected(
                "one answer for each command",
                other.map_or(Reply::Nil, reply).describe(),
            ),
        }),
    }
}

/// Deadlines are kept by whoever calls, around reconnecting too.
pub(super) fn unbounded() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None)
}

pub(super) fn error(command: &str, after: Duration, error: RedisError) -> Error {
    if error.is_timeout() {
        return Error::Timeout { command: command.to_owned(), after };
    }
    if let Some(NoTls(reason)) = io_cause(&error) {
        return Error::Tls { reason: reason.clone() };
    }
    if let Some(Unreachable(reason)) = io_cause(&error) {
        return Error::Unavailable { reason: reason.clone(), source: None };
    }
    match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => {
            let source = match error.code() {
                Some(code) => answered(code, error.detail()),
                None => server_error(&error.to_string()),
            };
            Error::Server { command: command.to_owned(), source }
        }
        ErrorKind::InvalidClientConfig => {
            Error::Settings { setting: "url", reason: error.detail().unwrap_or(error.category()).to_owned() }
        }
        ErrorKind::Io | ErrorKind::Client => {
            let reason = if error.is_connection_refusal() { REFUSED } else { "the connection broke" };
            Error::Unavailable { reason: reason.to_owned(), source: Some(Box::new(error)) }
        }
        _ => Error::Client(Box::new(error)),
    }
}

/// Why there was no TLS when a connection was made. Later, what TLS says of a connection is that it broke.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoTls(String);

/// Why it is not known where the server is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreachable(pub(super) String);

/// An error of making a connection, which tells one of TLS from one of the line below.
pub(super) fn opening(error: RedisError) -> RedisError {
    if error.kind() == ErrorKind::Parse {
        return (ErrorKind::InvalidClientConfig, "no Redis", NO_REDIS.to_owned()).into();
    }
    match io_error(&error).and_then(tls::reason) {
        Some(reason) => io::Error::new(io::ErrorKind::InvalidData, NoTls(reason)).into(),
        None => error,
    }
}

/// The error of the line, which the client shares among all who waited for the connection.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    let shared = StdError::source(error)?.downcast_ref::<Arc<dyn StdError + Send + Sync>>()?;
    shared.downcast_ref()
}

fn io_cause<E: StdError + 'static>(error: &RedisError) -> Option<&E> {
    io_error(error)?.get_ref()?.downcast_ref()
}

/// Whether the connection itself is at fault, so that another one may do.
pub(super) fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}

pub(super) fn push(info: PushInfo) -> Push {
    let items = |data: Vec<Value>| data.into_iter().map(reply).collect();
    match info.kind {
        PushKind::Disconnection => Push::Disconnected,
        PushKind::Invalidate => Push::Invalidate(match info.data.into_iter().next() {
            Some(Value::Array(keys)) => Some(items(keys)),
            // FLUSHALL and FLUSHDB invalidate everything with a null.
            _ => None,
        }),
        kind => Push::Other(format!("{kind:?}").to_lowercase(), items(info.data)),
    }
}

/// The client cuts the first word off as a code, which RediSearch's texts do not have; both together are the text.
fn answered(code: &str, detail: Option<&str>) -> ServerError {
    match detail {
        Some(detail) if code == "ERR" => server_error(detail),
        Some(detail) => server_error(&format!("{code} {detail}")),
        None => server_error(code),
    }
}
