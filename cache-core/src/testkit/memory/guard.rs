//! The part of the scripts that looks after unique values: what `guard!` of the scripts says, here.

use cache_index::Reply;

use super::json::shown;
use super::keys::{Keys, Left};

/// What a script was called with.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) keys: &'a [&'a [u8]],
    pub(super) arguments: &'a [&'a [u8]],
}

impl<'a> Call<'a> {
    /// The document.
    pub(super) fn key(&self) -> &'a [u8] {
        self.keys.first().copied().unwrap_or_default()
    }

    pub(super) fn argument(&self, at: usize) -> &'a [u8] {
        self.arguments.get(at).copied().unwrap_or_default()
    }

    pub(super) fn text(&self, at: usize) -> &'a str {
        std::str::from_utf8(self.argument(at)).unwrap_or_default()
    }

    pub(super) fn number(&self, at: usize) -> usize {
        self.text(at).parse().unwrap_or_default()
    }
}

/// The claims that a write settles.
#[derive(Debug, Default)]
pub(super) struct Guard {
    guarded: bool,
    wanted: usize,
    released: usize,
    /// Where the arguments behind those of the guard begin.
    pub(super) rest: usize,
}

pub(super) fn bulk(text: impl Into<Vec<u8>>) -> Reply {
    Reply::Bulk(text.into().into())
}

impl Guard {
    /// Reads its arguments from there on.
    ///
    /// # Errors
    /// What the script answers instead of going on.
    pub(super) fn check(keys: &Keys, call: Call<'_>, mut at: usize) -> Result<Self, Reply> {
        let last = call.text(at);
        at += 1;
        if last.is_empty() {
            return Ok(Self { rest: at, ..Self::default() });
        }
        if last.parse().is_ok_and(|last: u64| last != 0 && keys.now() > last) {
            return Err(Reply::Array(vec![bulk("late")]));
        }
        let document = keys.document(call.key());
        let (mut stale, mut held) = (false, vec![bulk("stale")]);
        let members = call.number(at);
        for member in 0..members {
            let (path, believed) = (call.text(at + 1 + 2 * member), call.text(at + 2 + 2 * member));
            let text = document.map(|document| shown(document, path));
            stale |= text.as_ref().is_some_and(|text| text != believed);
            held.push(text.map_or(Reply::Nil, bulk));
        }
        if stale {
            return Err(Reply::Array(held));
        }
        at += 2 * members + 1;
        let wanted = call.number(at);
        at += 1;
        for claim in 0..wanted {
            let (holder, members) = (call.number(at), call.number(at + 1));
            let content = keys.text(call.keys.get(1 + claim).copied().unwrap_or_default());
            let position = i64::try_from(claim).unwrap_or_default();
            if let Some(content) = content
                && let Some(other) = Some(owner(content)).filter(|other| *other != call.key())
            {
                let declared = holder.checked_sub(1).and_then(|holder| call.keys.get(holder).copied());
                if holder == 0 || (declared != Some(other) && !other.is_empty()) {
                    return Err(Reply::Array(vec![bulk("claimed"), Reply::Int(position), bulk(content)]));
                }
                let other_document = keys.document(other);
                let has = |member: usize| {
                    let (path, value) = (call.text(at + 2 + 2 * member), call.text(at + 3 + 2 * member));
                    other_document.is_some_and(|document| shown(document, path) == value)
                };
                if !other.is_empty() && (0..members).all(has) {
                    return Err(Reply::Array(vec![bulk("taken"), Reply::Int(position), bulk(other)]));
                }
            }
            at += 2 + 2 * members;
        }
        Ok(Self { guarded: true, wanted, released: call.number(at), rest: at + 1 })
    }

    /// Writes the claims after the document was written, and answers when it ends.
    pub(super) fn settle(&self, keys: &mut Keys, call: Call<'_>) -> Reply {
        if !self.guarded {
            return Reply::Nil;
        }
        let left = keys.left(call.key());
        let names = |from: usize, count| call.keys.iter().skip(from).take(count).copied();
        for claim in names(1, self.wanted) {
            if left == Left::Missing {
                keys.remove(claim);
                continue;
            }
            keys.put_text(claim, [b":", call.key()].concat());
            if let Left::Millis(left) = left {
                keys.end_at(claim, keys.now().saturating_add(left));
            }
        }
        for claim in names(1 + self.wanted, self.released) {
            if keys.text(claim).is_some_and(|content| owner(content) == call.key()) {
                keys.remove(claim);
            }
        }
        match left {
            Left::Missing => bulk("-2"),
            Left::Persistent => bulk("-1"),
            Left::Millis(left) => bulk(keys.now().saturating_add(left).to_string()),
        }
    }
}

/// Whose claim it is; nobody's if it is none.
fn owner(content: &[u8]) -> &[u8] {
    let colon = content.iter().position(|byte| *byte == b':');
    colon.and_then(|colon| content.get(colon + 1..)).unwrap_or_default()
}
