//! What a server writes, message by message, in RESP2 and RESP3: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! Two looks: the first finds where a message ends, and goes on where it was when more has come; the second makes the reply of a
//! message that is there as a whole. Texts and documents are parts of what was read, and are not copied.

use bytes::{Bytes, BytesMut};
use cache_index::{Reply, ServerError};

use crate::connection::classify::server_error;
use crate::connection::redis::failure::Failure;

/// How deep lists may stand in lists. What the server's own commands answer has less than twenty levels.
const DEEPEST: usize = 128;

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
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { buffer: BytesMut::new(), seen: 0, to_come: 1, missing: 0 }
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
        while self.to_come > 0 {
            match head(self.buffer.get(self.seen..).unwrap_or_default())? {
                Head::Whole { bytes, parts } => {
                    self.seen += bytes;
                    let to_come = (self.to_come - 1).checked_add(parts);
                    self.to_come = to_come.ok_or(Malformed("a list is longer than can be"))?;
                }
                Head::Missing(bytes) => {
                    self.missing = bytes;
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
        let mut reader = Reader { bytes: &bytes, at: 0 };
        match bytes.first() {
            Some(b'>') => reader.items(0).map(|items| Some(Message::Push(items))),
            _ => reader.reply(0).map(|reply| Some(Message::Answer(reply))),
        }
    }
}

/// The beginning of a value.
enum Head {
    /// It, and all that is no value of its own, takes so many bytes, and so many values are parts of it.
    Whole { bytes: usize, parts: u64 },
    /// It has not come yet; so many bytes are missing at least.
    Missing(usize),
}

fn head(bytes: &[u8]) -> Result<Head, Malformed> {
    let Some((&kind, rest)) = bytes.split_first() else { return Ok(Head::Missing(1)) };
    // At once: what is no value need not have lines.
    if !is_kind(kind) {
        return Err(NO_VALUE);
    }
    let Some(line) = line(rest)? else { return Ok(Head::Missing(1)) };
    let begins = line.len() + 3;
    let parts = match kind {
        b'+' | b'-' | b':' | b',' | b'#' | b'(' | b'_' => 0,
        b'$' | b'=' | b'!' => {
            let Some(length) = length(line)? else { return Ok(Head::Whole { bytes: begins, parts: 0 }) };
            let ends = begins.checked_add(length).and_then(|ends| ends.checked_add(2));
            let ends = ends.ok_or(Malformed("a text is longer than can be"))?;
            return match ends.checked_sub(bytes.len()) {
                None | Some(0) => Ok(Head::Whole { bytes: ends, parts: 0 }),
                Some(missing) => Ok(Head::Missing(missing)),
            };
        }
        b'*' | b'~' | b'>' => length(line)?.unwrap_or(0) as u64,
        b'%' => 2 * length(line)?.unwrap_or(0) as u64,
        // What is said about the value that follows.
        b'|' => 2 * length(line)?.unwrap_or(0) as u64 + 1,
        _ => return Err(NO_VALUE),
    };
    Ok(Head::Whole { bytes: begins, parts })
}

/// The line that these begin with, without its end.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let most = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
    match memchr::memchr(b'\n', most) {
        None if bytes.len() < LONGEST_LINE => Ok(None),
        None => Err(Malformed("a line does not end")),
        Some(end) => match bytes.get(..end).and_then(|line| line.strip_suffix(b"\r")) {
            Some(line) => Ok(Some(line)),
            None => Err(Malformed("a line ends without a carriage return")),
        },
    }
}

/// How long a text or a list is; `None`: there is none.
fn length(line: &[u8]) -> Result<Option<usize>, Malformed> {
    match integer(line)? {
        -1 => Ok(None),
        // So that twice as much still is a number.
        length if length >> 32 == 0 => Ok(usize::try_from(length).ok()),
        _ => Err(Malformed("a length is none")),
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

/// Makes replies of a message that is whole.
struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn reply(&mut self, depth: usize) -> Result<Reply, Malformed> {
        let (kind, start, end) = self.line()?;
        let line = self.bytes.get(start..end).unwrap_or_default();
        Ok(match kind {
            b'+' => Reply::Status(text(line)),
            b'-' => Reply::Error(error(line)),
            b':' => Reply::Int(integer(line)?),
            b'$' => self.blob(line)?.map_or(Reply::Nil, Reply::Bulk),
            b'*' | b'~' => match length(line)? {
                None => Reply::Nil,
                Some(count) => Reply::Array(self.list(count, depth)?),
            },
            b'%' => {
                let count = length(line)?.unwrap_or_default();
                let mut pairs = Vec::with_capacity(self.at_most(2 * count) / 2);
                for _ in 0..count {
                    let key = self.key(depth)?;
                    pairs.push((key, self.inner(depth)?));
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
                for _ in 0..2 * length(line)?.unwrap_or_default() {
                    self.inner(depth)?;
                }
                self.inner(depth)?
            }
            // Taken for an answer, it would be somebody's, and each later answer that of the next one.
            b'>' => return Err(Malformed("what nobody asked for stands in an answer")),
            _ => return Err(NO_VALUE),
        })
    }

    /// The parts of a list.
    fn items(&mut self, depth: usize) -> Result<Vec<Reply>, Malformed> {
        let (_, start, end) = self.line()?;
        let count = length(self.bytes.get(start..end).unwrap_or_default())?;
        self.list(count.unwrap_or_default(), depth)
    }

    /// A key of a map. Most are statuses, which are parts of what was read here, as texts are.
    fn key(&mut self, depth: usize) -> Result<Reply, Malformed> {
        if self.bytes.get(self.at) != Some(&b'+') {
            return self.inner(depth);
        }
        let (_, start, end) = self.line()?;
        Ok(Reply::Bulk(self.bytes.slice(start..end)))
    }

    fn inner(&mut self, depth: usize) -> Result<Reply, Malformed> {
        if depth < DEEPEST { self.reply(depth + 1) } else { Err(Malformed("lists stand too deep in lists")) }
    }

    fn list(&mut self, count: usize, depth: usize) -> Result<Vec<Reply>, Malformed> {
        let mut items = Vec::with_capacity(self.at_most(count));
        for _ in 0..count {
            items.push(self.inner(depth)?);
        }
        Ok(items)
    }

    /// The kind of a value, and from where to where its line goes.
    fn line(&mut self) -> Result<(u8, usize, usize), Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((&kind, rest)) = rest.split_first() else { return Err(CUT) };
        let length = line(rest)?.ok_or(CUT)?.len();
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
