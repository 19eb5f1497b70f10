//! What a server writes, message by message, in RESP2 and RESP3: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! Two looks: the first finds where a message ends, and goes on where it was when more has come; the second makes the reply of a
//! message that is there as a whole. Texts and documents are parts of what was read, and are not copied.
//!
//! The first look has bounds: what answers need not be Redis, or the line may be damaged. Whatever is beyond them is not the protocol,
//! which ends the connection before it is waited for. Room is made for what has come, never for what is only said to come.

use bytes::{Bytes, BytesMut};
use cache_index::{Reply, ServerError};

use crate::connection::classify::server_error;
use crate::connection::redis::failure::Failure;

/// How deep lists may stand in lists. What the server's own commands answer has less than twenty levels, and a document of RedisJSON at
/// most 128, which `JSON.RESP` answers within the list of a path, in a transaction within another one. The `redis` crate reads 99
/// around a value (1.8.1, `MAX_RECURSE_DEPTH` in `parser.rs`).
pub(super) const DEEPEST: usize = 160;

/// How long a text may be: as long as the server takes one, and has one grow, unless its `proto-max-bulk-len` was raised, whose
/// own bound is none (`src/config.c` of Redis 7.2: 512 MiB, at most `LONG_MAX`).
const LONGEST_TEXT: i64 = 512 * 1024 * 1024;

/// How many parts a list may have: as many as the server takes (`processMultibulkBuffer` in `src/networking.c` of Redis 7.2 and
/// Valkey 9.1: `INT_MAX`).
const MOST_PARTS: i64 = i32::MAX as i64;

/// How long a message may be: as much as the server keeps of what a client says (`client-query-buffer-limit`).
const LONGEST_MESSAGE: usize = 1024 * 1024 * 1024;

/// How long the line is at most that begins a value. Redis writes none of more than 64 KiB.
const LONGEST_LINE: usize = 1024 * 1024;

/// For how much there is room at least, for what is to come, and for how much at most: replies may be kept, and what was read with
/// them is then kept too.
const ROOM: (usize, usize) = (16 * 1024, 1024 * 1024);

/// Whether a value begins with this.
const fn is_kind(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-'
            | b':'
            | b'$'
            | b'*'
            | b'_'
            | b'#'
            | b','
            | b'('
            | b'!'
            | b'='
            | b'%'
            | b'~'
            | b'>'
            | b'|'
    )
}

const NO_VALUE: Malformed = Malformed("what came is no value of the protocol");

/// Something the server wrote.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// An answer.
    Answer(Reply),
    /// What nobody asked for, with its kind first.
    Push(Vec<Reply>),
}

/// What came is not the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(&'static str);

impl From<Malformed> for Failure {
    fn from(Malformed(what): Malformed) -> Self {
        Self::Malformed(what)
    }
}

/// What was read and not yet made messages of.
pub(super) struct Decoder {
    buffer: BytesMut,
    /// How far the message in front was looked through.
    seen: usize,
    /// How many values of it are to come behind that.
    to_come: u64,
    /// How many bytes are known to be missing.
    missing: usize,
    /// How much of the line that it goes on with was looked through for its end.
    looked: usize,
    /// Of each list that the value to come may stand in, how many values are to come behind the list.
    open: Vec<u64>,
    /// How long a message may be.
    longest: usize,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self::up_to(LONGEST_MESSAGE)
    }

    /// For messages that are no longer than this.
    pub(super) fn up_to(longest: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            seen: 0,
            to_come: 1,
            missing: 0,
            looked: 0,
            open: Vec::new(),
            longest,
        }
    }

    /// Where what comes is to be put, with room for it.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        // Of a long one, as much as has come.
        self.buffer.reserve(self.missing.max(self.buffer.len()).clamp(ROOM.0, ROOM.1));
        &mut self.buffer
    }

    /// Whether a part of a message has come.
    pub(super) fn has_begun(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// The next message, if all of it has come.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Malformed> {
        let mut looked = std::mem::take(&mut self.looked);
        while self.to_come > 0 {
            match head(self.buffer.get(self.seen..).unwrap_or_default(), looked)? {
                Head::Whole { bytes, parts } => {
                    self.seen += bytes;
                    looked = 0;
                    let behind = self.to_come - 1;
                    if parts > 0 {
                        self.opens(behind)?;
                    }
                    self.to_come =
                        behind.checked_add(parts).ok_or(Malformed("a list is longer than can be"))?;
                }
                Head::Missing { bytes, looked } => {
                    if self.buffer.len().saturating_add(bytes) > self.longest {
                        return Err(Malformed("a message is longer than 1 GiB, which is the most"));
                    }
                    (self.missing, self.looked) = (bytes, looked);
                    return Ok(None);
                }
            }
        }
        let bytes = self.buffer.split_to(self.seen).freeze();
        if bytes.len() > ROOM.1 {
            // What follows would share its memory, and the connection would keep that for as long as it lives.
            self.buffer = BytesMut::from(self.buffer.as_ref());
        }
        (self.seen, self.to_come, self.missing) = (0, 1, 0);
        self.open.clear();
        let mut reader = Reader { bytes: &bytes, at: 0 };
        match bytes.first() {
            Some(b'>') => reader.items().map(|items| Some(Message::Push(items))),
            _ => reader.reply().map(|reply| Some(Message::Answer(reply))),
        }
    }

    /// A list begins that has parts, behind which so many values are to come. What is not whole yet is waited for only if it is not
    /// too deep; nothing is counted for values that are no lists.
    fn opens(&mut self, behind: u64) -> Result<(), Malformed> {
        // Those that are whole, of which this one is no part.
        while self.open.last().is_some_and(|behind_it| *behind_it > behind) {
            self.open.pop();
        }
        if self.open.len() == DEEPEST {
            return Err(Malformed("lists stand too deep in lists"));
        }
        self.open.push(behind);
        Ok(())
    }
}

/// The beginning of a value.
enum Head {
    /// It, and all that is no value of its own, takes so many bytes, and so many values are parts of it.
    Whole { bytes: usize, parts: u64 },
    /// It has not come yet; so many bytes are missing at least, and so many of its line are known not to end it.
    Missing { bytes: usize, looked: usize },
}

/// The value that begins here, so many bytes of whose line are known not to end it.
fn head(bytes: &[u8], looked: usize) -> Result<Head, Malformed> {
    let Some((&kind, rest)) = bytes.split_first() else { return Ok(Head::Missing { bytes: 1, looked: 0 }) };
    // At once: what is no value need not have lines.
    if !is_kind(kind) {
        return Err(NO_VALUE);
    }
    let Some(line) = line(rest, looked)? else { return Ok(Head::Missing { bytes: 1, looked: rest.len() }) };
    let begins = line.len() + 3;
    let parts = match kind {
        b'+' | b'-' | b':' | b',' | b'#' | b'(' | b'_' => 0,
        b'$' | b'=' | b'!' => {
            let Some(length) = length(line)? else { return Ok(Head::Whole { bytes: begins, parts: 0 }) };
            let ends = begins.checked_add(length).and_then(|ends| ends.checked_add(2));
            let ends = ends.ok_or(Malformed("a text is longer than can be"))?;
            return match ends.checked_sub(bytes.len()) {
                None | Some(0) => Ok(Head::Whole { bytes: ends, parts: 0 }),
                // Its line is short, and is read again.
                Some(missing) => Ok(Head::Missing { bytes: missing, looked: 0 }),
            };
        }
        b'*' | b'~' | b'>' => count(line)?.unwrap_or(0) as u64,
        b'%' => 2 * count(line)?.unwrap_or(0) as u64,
        // What is said about the value that follows.
        b'|' => 2 * count(line)?.unwrap_or(0) as u64 + 1,
        _ => return Err(NO_VALUE),
    };
    Ok(Head::Whole { bytes: begins, parts })
}

/// The line that these begin with, without its end, which is not in the first so many.
fn line(bytes: &[u8], looked: usize) -> Result<Option<&[u8]>, Malformed> {
    let most = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
    let new = most.get(looked..).unwrap_or_default();
    let end = memchr::memchr(b'\n', new);
    #[cfg(test)]
    LOOKED.with(|all| all.set(all.get() + end.unwrap_or(new.len())));
    match end {
        None if bytes.len() < LONGEST_LINE => Ok(None),
        None => Err(Malformed("a line does not end")),
        Some(end) => match bytes.get(..looked + end).and_then(|line| line.strip_suffix(b"\r")) {
            Some(line) => Ok(Some(line)),
            None => Err(Malformed("a line ends without a carriage return")),
        },
    }
}

#[cfg(test)]
std::thread_local! {
    /// In how many bytes ends of lines were looked for.
    pub(super) static LOOKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How long a text is; `None`: there is none.
fn length(line: &[u8]) -> Result<Option<usize>, Malformed> {
    match integer(line)? {
        -1 => Ok(None),
        length @ 0..=LONGEST_TEXT => Ok(usize::try_from(length).ok()),
        ..0 => Err(Malformed("a length is none")),
        _ => Err(Malformed("a text is longer than 512 MiB, which is the most")),
    }
}

/// How many parts a list has; `None`: there is none.
fn count(line: &[u8]) -> Result<Option<usize>, Malformed> {
    match integer(line)? {
        -1 => Ok(None),
        count @ 0..=MOST_PARTS => Ok(usize::try_from(count).ok()),
        ..0 => Err(Malformed("a length is none")),
        _ => Err(Malformed("a list has more than 2,147,483,647 parts, which are the most")),
    }
}

fn integer(line: &[u8]) -> Result<i64, Malformed> {
    let (negative, digits) = match line {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut value = 0_i64;
    for digit in digits {
        let next = match digit {
            b'0'..=b'9' => i64::from(digit - b'0'),
            _ => return Err(Malformed("a number has other signs than digits")),
        };
        let by_ten = value.checked_mul(10);
        // Downwards: the least number has no counterpart.
        let sum =
            by_ten.and_then(|value| if negative { value.checked_sub(next) } else { value.checked_add(next) });
        value = sum.ok_or(Malformed("a number is too large"))?;
    }
    if digits.is_empty() { Err(Malformed("a number has no digits")) } else { Ok(value) }
}

/// Makes replies of a message that is whole, whose lists the first look found not to be too deep.
struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn reply(&mut self) -> Result<Reply, Malformed> {
        let (kind, start, end) = self.line()?;
        let line = self.bytes.get(start..end).unwrap_or_default();
        Ok(match kind {
            b'+' => Reply::Status(text(line)),
            b'-' => Reply::Error(error(line)),
            b':' => Reply::Int(integer(line)?),
            b'$' => self.blob(line)?.map_or(Reply::Nil, Reply::Bulk),
            b'*' | b'~' => match count(line)? {
                None => Reply::Nil,
                Some(count) => Reply::Array(self.list(count)?),
            },
            b'%' => {
                let count = count(line)?.unwrap_or_default();
                let mut pairs = Vec::with_capacity(self.at_most(2 * count) / 2);
                for _ in 0..count {
                    let key = self.key()?;
                    pairs.push((key, self.reply()?));
                }
                Reply::Map(pairs)
            }
            b'_' => Reply::Nil,
            b',' => match std::str::from_utf8(line).map(str::parse) {
                Ok(Ok(number)) => Reply::Double(number),
                _ => return Err(Malformed("a number with a point is none")),
            },
            b'#' => Reply::Bool(line == b"t"),
            b'(' => Reply::Bulk(self.bytes.slice(start..end)),
            b'=' => {
                // Its first four bytes say what kind of text it is.
                let blob = self.blob(line)?.ok_or(Malformed("a text is missing"))?;
                Reply::Bulk(if blob.get(3) == Some(&b':') { blob.slice(4..) } else { blob })
            }
            b'!' => Reply::Error(error(&self.blob(line)?.unwrap_or_default())),
            b'|' => {
                for _ in 0..2 * count(line)?.unwrap_or_default() {
                    self.reply()?;
                }
                self.reply()?
            }
            // Taken for an answer, it would be somebody's, and each later answer that of the next one.
            b'>' => return Err(Malformed("what nobody asked for stands in an answer")),
            _ => return Err(NO_VALUE),
        })
    }

    /// The parts of a list.
    fn items(&mut self) -> Result<Vec<Reply>, Malformed> {
        let (_, start, end) = self.line()?;
        let count = count(self.bytes.get(start..end).unwrap_or_default())?;
        self.list(count.unwrap_or_default())
    }

    /// A key of a map. Most are statuses, which are parts of what was read here, as texts are.
    fn key(&mut self) -> Result<Reply, Malformed> {
        if self.bytes.get(self.at) != Some(&b'+') {
            return self.reply();
        }
        let (_, start, end) = self.line()?;
        Ok(Reply::Bulk(self.bytes.slice(start..end)))
    }

    fn list(&mut self, count: usize) -> Result<Vec<Reply>, Malformed> {
        let mut items = Vec::with_capacity(self.at_most(count));
        for _ in 0..count {
            items.push(self.reply()?);
        }
        Ok(items)
    }

    /// The kind of a value, and from where to where its line goes.
    fn line(&mut self) -> Result<(u8, usize, usize), Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((&kind, rest)) = rest.split_first() else { return Err(CUT) };
        let length = line(rest, 0)?.ok_or(CUT)?.len();
        let start = self.at + 1;
        self.at = start + length + 2;
        Ok((kind, start, start + length))
    }

    /// The bytes of which this line has the length; `None`: there are none.
    fn blob(&mut self, line: &[u8]) -> Result<Option<Bytes>, Malformed> {
        let Some(length) = length(line)? else { return Ok(None) };
        let (start, end) = (self.at, self.at + length);
        if self.bytes.get(end..end + 2) != Some(b"\r\n") {
            return Err(Malformed("a text is longer than was said"));
        }
        self.at = end + 2;
        Ok(Some(self.bytes.slice(start..end)))
    }

    /// No more values are left than bytes.
    fn at_most(&self, count: usize) -> usize {
        count.min(self.bytes.len().saturating_sub(self.at))
    }
}

/// The first look finds it whole.
const CUT: Malformed = Malformed("a message ends before its end");

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

fn error(line: &[u8]) -> ServerError {
    let text = String::from_utf8_lossy(line);
    server_error(text.strip_prefix("ERR ").unwrap_or(&text))
}
