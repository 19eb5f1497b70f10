//! What a look at an index shows.

use std::time::Instant;

use cache_index::IndexInfo;

/// What was seen of an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// On which connection: after another one was made, it may be another server, or the same one started anew.
    pub(super) connection: u64,
    /// Which one it was, as in [`Mark`].
    pub(super) changes: u64,
    /// Whether it will be heard that somebody makes it again.
    pub(super) hears: bool,
    /// Also while fields are only being added to it.
    pub(super) filled: bool,
    /// With how many fields it was filled when that was seen last, and at first.
    pub(super) fields: usize,
    pub(super) fewest: usize,
    pub(super) documents: u64,
    /// The number of the document that was indexed last.
    pub(super) last: u64,
    pub(super) percent: f64,
    /// Whether it is another one than the schema says.
    pub(super) drifted: bool,
    pub(super) looked: Instant,
}

/// Which index it is that an answer came from: another one after the connection was made anew, a database was flushed, or
/// the index was made again by any process of which this is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(super) connection: u64,
    pub(super) changes: u64,
}

/// One look at an index.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// Which index it was that was looked at.
    pub(crate) mark: Mark,
    /// When that was asked for.
    pub(crate) asked: Instant,
    pub(crate) info: IndexInfo,
    /// How often it was made.
    pub(crate) made: u64,
    /// Whether it will be heard that somebody makes it again; also where each query looks.
    pub(crate) hears: bool,
}

impl Seen {
    /// What this look shows by itself, when it was asked for.
    pub(super) fn of(look: &Look, drifted: bool) -> Self {
        let Look { mark, asked, info, hears, .. } = look;
        let fields = info.definition.fields.len();
        Self {
            connection: mark.connection,
            changes: mark.changes,
            hears: *hears,
            filled: info.is_filled(),
            fields,
            fewest: fields,
            documents: info.documents,
            last: info.last_document,
            percent: info.percent_indexed,
            drifted,
            looked: *asked,
        }
    }

    /// Whether it is of the index with this mark.
    pub(super) fn is_of(&self, mark: Mark) -> bool {
        (self.connection, self.changes) == (mark.connection, mark.changes)
    }
}
