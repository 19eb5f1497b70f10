//! Answers that fred takes for messages of a subscription.
//!
//! fred (10.1) looks at every list whether it is one of three to five items of which the first is `message`, `subscribe` or the
//! like, asks nobody whether there is a subscription, and keeps it to itself: all answers that come later on the connection are
//! then given to the caller before the one who asked. What may answer with such a list, because its items are what somebody
//! stored, is therefore asked for between `MULTI` and `EXEC`: the list is within another one then, in which fred does not look.

use std::time::Duration;

use ::fred::clients::Client;
use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::interfaces::ClientLike;
use ::fred::types::config::Options;
use ::fred::types::{Resp3Frame, Value};
use cache_index::Command;

use super::convert;
use super::wire::{Answer, one};
use crate::settings::Protocol;

/// Commands that answer with a list of what somebody stored, sorted. Not those that wait, as `BZPOPMIN`: within a transaction
/// they would not. What a script answers is its author's.
const LISTS: &[&str] = &[
    "ARGETRANGE",
    "ARLASTITEMS",
    "ARMGET",
    "FT.EXPLAINCLI",
    "FT.SUGGET",
    "FT._LIST",
    "GEORADIUS",
    "GEORADIUSBYMEMBER",
    "GEORADIUSBYMEMBER_RO",
    "GEORADIUS_RO",
    "GEOSEARCH",
    "HGETDEL",
    "HGETEX",
    "HKEYS",
    "HMGET",
    "HRANDFIELD",
    "HVALS",
    "JSON.OBJKEYS",
    "KEYS",
    "LPOP",
    "LRANGE",
    "MGET",
    "RPOP",
    "SORT",
    "SORT_RO",
    "SRANDMEMBER",
    "TOPK.ADD",
    "TOPK.INCRBY",
    "TOPK.LIST",
    "TS.QUERYINDEX",
    "VRANDMEMBER",
    "VRANGE",
    "VSIM",
    "ZDIFF",
    "ZINTER",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZRANDMEMBER",
    "ZRANGE",
    "ZRANGEBYLEX",
    "ZRANGEBYSCORE",
    "ZREVRANGE",
    "ZREVRANGEBYLEX",
    "ZREVRANGEBYSCORE",
    "ZUNION",
];

/// Those that answer with a list in RESP2 alone, and with a map or a set in RESP3. Sorted.
const LISTS_OF_RESP2: &[&str] =
    &["FT.DICTDUMP", "FT.SYNDUMP", "FT.TAGVALS", "HGETALL", "SDIFF", "SINTER", "SMEMBERS", "SPOP", "SUNION"];

/// Commands of which one kind answers so. Sorted.
const KINDS: &[(&str, &[&str])] = &[
    ("ACL", &["USERS"]),
    ("CLUSTER", &["GETKEYSINSLOT"]),
    ("COMMAND", &["GETKEYS", "LIST"]),
    ("PUBSUB", &["CHANNELS", "SHARDCHANNELS"]),
];

/// What the first answer of a transaction may be without its list being taken for a message: numbers, documents, `OK`. All
/// else has `PING` in front. Sorted.
const FIRST: &[&str] = &[
    "DEL",
    "EXISTS",
    "FT.ALTER",
    "FT.CREATE",
    "FT.INFO",
    "FT.SEARCH",
    "FT.SUGADD",
    "FT.SUGDEL",
    "FT.SUGLEN",
    "HDEL",
    "HGETALL",
    "HSET",
    "HSETNX",
    "INCR",
    "JSON.DEL",
    "JSON.GET",
    "JSON.MGET",
    "JSON.SET",
    "PEXPIRE",
    "PTTL",
    "TIME",
    "UNLINK",
    "ZADD",
    "ZREM",
];

/// What is put in front of a list that is taken for a message in RESP2.
pub(super) const MARK: &[u8] = b"pubsub";

/// How many items a list has that is taken for a message.
const TAKEN: std::ops::RangeInclusive<usize> = 3..=5;

/// Whether the answer may be a list that fred takes for a message.
pub(super) fn answers_with_one(command: &Command, protocol: Protocol) -> bool {
    let name = command.name();
    let lower = name.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = if lower { Some(name.to_ascii_uppercase()) } else { None };
    let name = upper.as_deref().unwrap_or(name);
    if LISTS.binary_search(&name).is_ok() {
        return protocol == Protocol::Resp2 || !is_map(name, command);
    }
    if protocol == Protocol::Resp2 && LISTS_OF_RESP2.binary_search(&name).is_ok() {
        return true;
    }
    let kinds = KINDS.binary_search_by(|(known, _)| (*known).cmp(name)).ok().and_then(|at| KINDS.get(at));
    kinds.zip(command.args().nth(1)).is_some_and(|((_, kinds), asked)| {
        kinds.iter().any(|kind| asked.eq_ignore_ascii_case(kind.as_bytes()))
    })
}

/// Whether the answer is a map in RESP3, which is never taken for a message.
fn is_map(name: &str, command: &Command) -> bool {
    let asks = |word: &[u8]| command.args().any(|argument| argument.eq_ignore_ascii_case(word));
    name == "VSIM" && (asks(b"WITHSCORES") || asks(b"WITHATTRIBS"))
}

/// Whether a transaction needs something in front, so that the list of its answers is not taken for a message.
pub(super) fn needs_a_first(commands: &[&Command]) -> bool {
    let first = commands.first().map_or("", |command| command.name());
    TAKEN.contains(&commands.len()) && FIRST.binary_search(&first).is_err()
}

/// Sends a command within a transaction of its own, in one piece with what makes it one, and answers what it answered.
pub(super) async fn apart(
    client: &Client,
    command: &Command,
    protocol: Protocol,
    within: Duration,
) -> Answer<Resp3Frame> {
    let pipeline = client.pipeline();
    let options = Options { max_attempts: Some(1), timeout: Some(within), ..Options::default() };
    let piece = pipeline.with_options(&options);
    let (multi, exec) = (Command::new("MULTI"), Command::new("EXEC"));
    // They are put together without waiting, and sent at once, so that what is sent before and behind it is so here too.
    let together = async {
        for command in [&multi, command, &exec] {
            let (name, args) = convert::command(command);
            // Boxed, or what waits would have room for it everywhere.
            Box::pin(piece.custom_raw(name, args)).await?;
        }
        Ok::<_, FredError>(())
    };
    tokio::task::unconstrained(together).await?;
    let answers = Box::pin(piece.try_all::<Value>()).await;
    let [multi, queued, executed]: [Answer<Value>; 3] = match answers.try_into() {
        Ok(three) => three,
        Err(other) => {
            let said = other.into_iter().find_map(Answer::err);
            return Err(said.unwrap_or_else(|| FredError::new(ErrorKind::Canceled, "an answer is missing")));
        }
    };
    // Who may not do so has it as it is, at the risk that is told above.
    let may_not = |error: &FredError| error.details().contains("NOPERM");
    match (&multi, queued, &executed) {
        // It was done by itself.
        (Err(refused), queued, _) if may_not(refused) => Ok(done(queued, protocol)),
        // Nothing was done.
        (Ok(_), Ok(Value::Queued), Err(refused)) if may_not(refused) => one(client, command, within).await,
        (_, queued, _) => Ok(unwrapped(multi.and(queued), executed, protocol)),
    }
}

/// What the only command of a transaction answered.
fn unwrapped(queued: Answer<Value>, executed: Answer<Value>, protocol: Protocol) -> Resp3Frame {
    match (queued, executed) {
        // Which of them was refused says why.
        (Err(error), _) => refusal(&error),
        (Ok(_), Ok(Value::Array(mut answers))) if answers.len() == 1 => {
            answers.pop().map_or(Resp3Frame::Null, |answer| frame(answer, protocol))
        }
        (Ok(_), answer) => done(answer, protocol),
    }
}

fn done(answer: Answer<Value>, protocol: Protocol) -> Resp3Frame {
    answer.map_or_else(|error| refusal(&error), |answer| frame(answer, protocol))
}

/// What is answered where a command would have to be asked for in a slot that moves.
pub(super) fn later() -> Resp3Frame {
    refusal(&FredError::new(
        ErrorKind::Cluster,
        "TRYAGAIN it is sent within a transaction, which `ASKING` is not for",
    ))
}

/// A server's error, as it came.
fn refusal(error: &FredError) -> Resp3Frame {
    Resp3Frame::SimpleError { data: error.details().to_owned().into(), attributes: None }
}

fn frame(value: Value, protocol: Protocol) -> Resp3Frame {
    match value {
        Value::Boolean(data) => Resp3Frame::Boolean { data, attributes: None },
        Value::Integer(data) => Resp3Frame::Number { data, attributes: None },
        Value::Double(data) => Resp3Frame::Double { data, attributes: None },
        Value::String(text) => Resp3Frame::BlobString { data: text.into_inner(), attributes: None },
        Value::Bytes(data) => Resp3Frame::BlobString { data, attributes: None },
        Value::Null => Resp3Frame::Null,
        Value::Queued => Resp3Frame::SimpleString { data: "QUEUED".into(), attributes: None },
        Value::Array(mut items) => {
            if protocol == Protocol::Resp2 && is_marked(&items) {
                items.remove(0);
            }
            let data = items.into_iter().map(|item| frame(item, protocol)).collect();
            Resp3Frame::Array { data, attributes: None }
        }
        // fred has lost its order. None of these commands answers with one.
        Value::Map(_) => refusal(&FredError::new(
            ErrorKind::Parse,
            "a map cannot be read where it is the answer of a transaction",
        )),
    }
}

/// Whether this is put in front of a list, wherever it is, which is taken for a message in RESP2. A list that began so by
/// itself looks the same here.
fn is_marked(items: &[Value]) -> bool {
    let word = |at: usize| items.get(at).and_then(Value::as_bytes).unwrap_or_default();
    match items.len() {
        4 => word(0) == MARK && matches!(word(1), b"message" | b"smessage"),
        5 => word(0) == MARK && word(1) == b"pmessage",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(words: &[&str], protocol: Protocol) -> bool {
        answers_with_one(&Command::new(words[0]).args_from(&words[1..]), protocol)
    }

    #[test]
    fn what_answers_with_what_somebody_stored_is_known() {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            for list in [&["FT.SUGGET", "k", "p"][..], &["lrange", "k"], &["COMMAND", "getkeys", "GET", "k"]]
            {
                assert!(is(list, protocol), "{list:?}");
            }
            for other in
                [&["JSON.GET", "k"][..], &["JSON.SET"], &["FT.SEARCH"], &["ACL", "WHOAMI"], &["COMMAND"]]
            {
                assert!(!is(other, protocol), "{other:?}");
            }
            assert_eq!(is(&["FT.TAGVALS", "i", "f"], protocol), protocol == Protocol::Resp2);
            assert_eq!(is(&["VSIM", "k", "ELE", "e", "withscores"], protocol), protocol == Protocol::Resp2);
            assert!(is(&["VSIM", "k", "ELE", "e"], protocol));
        }
        assert!(LISTS.is_sorted() && LISTS_OF_RESP2.is_sorted() && KINDS.is_sorted() && FIRST.is_sorted());
    }

    #[test]
    fn only_transactions_whose_list_may_be_taken_for_a_message_need_more() {
        let (get, set) = (Command::new("GET").key("k"), Command::new("JSON.SET").key("k"));
        assert!(needs_a_first(&[&get, &set, &set]) && needs_a_first(&[&get; 5]));
        assert!(
            !needs_a_first(&[&set, &get, &get]) && !needs_a_first(&[&get; 2]) && !needs_a_first(&[&get; 6])
        );
    }
}
