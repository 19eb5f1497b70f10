//! The keys, what they hold, and when they end.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

/// What a key holds.
#[derive(Debug)]
pub(super) enum Held {
    /// A document.
    Document(Value),
    /// A claim on a unique value.
    Text(Vec<u8>),
}

#[derive(Debug)]
struct Entry {
    held: Held,
    /// In milliseconds since 1970; `None`: never.
    ends: Option<u64>,
    /// The how manieth write it was.
    written: u64,
}

/// All keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    entries: BTreeMap<Vec<u8>, Entry>,
    writes: u64,
    now: u64,
    /// No key ends before.
    next_end: Option<u64>,
}

/// How long a key lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Missing,
    Persistent,
    Millis(u64),
}

impl Keys {
    /// Takes away what has ended by now.
    pub(super) fn expire(&mut self, now: u64) {
        self.now = now;
        if self.next_end.is_some_and(|end| end <= now) {
            self.entries.retain(|_, entry| entry.ends.is_none_or(|end| end > now));
            self.next_end = self.entries.values().filter_map(|entry| entry.ends).min();
        }
    }

    /// In milliseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    pub(super) fn is_there(&self, key: &[u8]) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn document(&self, key: &[u8]) -> Option<&Value> {
        match &self.entries.get(key)?.held {
            Held::Document(document) => Some(document),
            Held::Text(_) => None,
        }
    }

    pub(super) fn text(&self, key: &[u8]) -> Option<&[u8]> {
        match &self.entries.get(key)?.held {
            Held::Text(text) => Some(text),
            Held::Document(_) => None,
        }
    }

    /// Changes a document, if it is there.
    pub(super) fn change(&mut self, key: &[u8], change: impl FnOnce(&mut Value)) {
        self.writes += 1;
        let written = self.writes;
        if let Some(entry) = self.entries.get_mut(key)
            && let Held::Document(document) = &mut entry.held
        {
            change(document);
            entry.written = written;
        }
    }

    /// Stores a document. It ends when the one that was there would have.
    pub(super) fn put(&mut self, key: &[u8], document: Value) {
        self.writes += 1;
        let ends = self.entries.get(key).and_then(|entry| entry.ends);
        let entry = Entry { held: Held::Document(document), ends, written: self.writes };
        self.entries.insert(key.to_vec(), entry);
    }

    /// Stores a text, which does not end.
    pub(super) fn put_text(&mut self, key: &[u8], text: Vec<u8>) {
        let entry = Entry { held: Held::Text(text), ends: None, written: 0 };
        self.entries.insert(key.to_vec(), entry);
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        self.entries.remove(key).is_some()
    }

    /// Has a key end then, at once if that is over. Whether there is one.
    pub(super) fn end_at(&mut self, key: &[u8], end: u64) -> bool {
        if end <= self.now {
            return self.remove(key);
        }
        let Some(entry) = self.entries.get_mut(key) else { return false };
        entry.ends = Some(end);
        self.next_end = Some(self.next_end.map_or(end, |next| next.min(end)));
        true
    }

    /// Has a key not end. Whether it would have.
    pub(super) fn persist(&mut self, key: &[u8]) -> bool {
        self.entries.get_mut(key).is_some_and(|entry| entry.ends.take().is_some())
    }

    pub(super) fn left(&self, key: &[u8]) -> Left {
        match self.entries.get(key).map(|entry| entry.ends) {
            None => Left::Missing,
            Some(None) => Left::Persistent,
            Some(Some(end)) => Left::Millis(end.saturating_sub(self.now)),
        }
    }

    /// The keys that begin like this, of documents alone or all.
    pub(super) fn starting(&self, start: &[u8], documents: bool) -> Vec<Bytes> {
        let keys =
            self.from(start).filter(|(_, entry)| !documents || matches!(entry.held, Held::Document(_)));
        keys.map(|(key, _)| Bytes::copy_from_slice(key)).collect()
    }

    /// The documents whose keys begin like this, what was written last at the end.
    pub(super) fn documents(&self, start: &[u8]) -> Vec<(Bytes, Bytes)> {
        let mut found: Vec<_> = self
            .from(start)
            .filter_map(|(key, entry)| match &entry.held {
                Held::Document(document) => Some((entry.written, key, document)),
                Held::Text(_) => None,
            })
            .collect();
        found.sort_by_key(|(written, ..)| *written);
        let copied = |(_, key, document): (u64, &Vec<u8>, &Value)| {
            (Bytes::copy_from_slice(key), Bytes::from(document.to_string()))
        };
        found.into_iter().map(copied).collect()
    }

    fn from<'a>(&'a self, start: &'a [u8]) -> impl Iterator<Item = (&'a Vec<u8>, &'a Entry)> {
        self.entries.range(start.to_vec()..).take_while(move |(key, _)| key.starts_with(start))
    }
}
