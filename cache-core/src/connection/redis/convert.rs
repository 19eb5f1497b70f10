//! Between this crate's values and those of the `redis` crate, without copying bytes on the way back.

use std::time::Duration;

use ::redis::{Cmd, ErrorKind, Pipeline, RedisError, Value};
use cache_index::{Command, Reply, ServerError};

use crate::connection::Capabilities;
use crate::connection::classify::{BROKE, REFUSED, server_error};
use crate::error::Error;

pub(super) fn cmd(command: &Command) -> Cmd {
    let args = command.args();
    let mut cmd = Cmd::with_capacity(args.len(), command.size());
    for argument in args {
        cmd.arg(argument);
    }
    cmd
}

/// Commands in one piece. A transaction's answers are read by `transaction`: the client's own transactions (1.8.1) panic in debug
/// builds where `MULTI` itself is refused, and do not tell which command was.
pub(super) fn pipeline(commands: &[&Command], atomic: bool) -> Pipeline {
    let framed = |name| atomic.then(|| ::redis::cmd(name)).into_iter();
    let mut pipeline = Pipeline::with_capacity(commands.len() + 2);
    for cmd in framed("MULTI").chain(commands.iter().map(|command| cmd(command))).chain(framed("EXEC")) {
        pipeline.add_command(cmd);
    }
    pipeline
}

/// What is asked to know what a server can do.
pub(super) fn questions() -> Pipeline {
    let questions = Capabilities::questions();
    pipeline(&questions.each_ref(), false)
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
            Reply::Map(pairs.into_iter().map(|(name, value)| (key(name), reply(value))).collect())
        }
        Value::Attribute { data, .. } => reply(*data),
        Value::Push { data, .. } => Reply::Array(data.into_iter().map(reply).collect()),
        Value::ServerError(error) => Reply::Error(answered(error.code(), error.details())),
        Value::BigNumber(digits) => Reply::Bulk(digits.into()),
        // The enum is open. What a later version of the client adds has no meaning here yet.
        other => Reply::Status(format!("{other:?}")),
    }
}

/// A key of a map, which is text also where the server says a status.
fn key(value: Value) -> Reply {
    match reply(value) {
        Reply::Status(text) => Reply::Bulk(text.into()),
        key => key,
    }
}

pub(super) fn error(command: &str, after: Duration, error: RedisError) -> Error {
    if error.is_timeout() {
        return Error::Timeout { command: command.to_owned(), after };
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
            let reason = if error.is_connection_refusal() { REFUSED } else { BROKE };
            Error::Unavailable { reason: reason.to_owned(), source: Some(Box::new(error)) }
        }
        _ => Error::Client(Box::new(error)),
    }
}

/// Whether the connection itself is at fault, so that another one may do.
pub(super) fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}

/// The client cuts the first word off as a code, which RediSearch's texts do not have; both together are the text.
fn answered(code: &str, detail: Option<&str>) -> ServerError {
    match detail {
        Some(detail) if code == "ERR" => server_error(detail),
        Some(detail) => server_error(&format!("{code} {detail}")),
        None => server_error(code),
    }
}
