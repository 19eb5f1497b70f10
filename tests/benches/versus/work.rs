//! What is measured: the work, and who does it.

use std::future::Future;

use crate::corpus::{BULK, Corpus, ON_A_SHELF, PAGE};

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A document, whether or not it is there.
    Save,
    /// The same, with a time to live that is set in the same atomic step.
    SaveTtl,
    Get,
    GetMany,
    SaveMany,
    /// The twenty documents with a tag.
    Tag,
    /// Fifty documents of a range of numbers, in its order.
    Page,
    /// The twenty documents with a word in a text.
    Text,
    /// How many documents are in a range: a quarter of them.
    Count,
    /// The same quarter in eight groups, with a mean each.
    Aggregate,
    /// One number of a document set, if that is there.
    Patch,
}

impl Work {
    /// In this order they are measured. Those that write come last: what they leave in the index makes searches slower until the server
    /// clears it away.
    pub(crate) const ALL: [Self; 11] = [
        Self::Get,
        Self::GetMany,
        Self::Tag,
        Self::Page,
        Self::Text,
        Self::Count,
        Self::Aggregate,
        Self::Patch,
        Self::Save,
        Self::SaveTtl,
        Self::SaveMany,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::SaveTtl => "save with TTL",
            Self::Get => "get",
            Self::GetMany => "get_many(1000)",
            Self::SaveMany => "save_many(1000)",
            Self::Tag => "find by TAG, 20",
            Self::Page => "range sorted, 50",
            Self::Text => "full text, 20",
            Self::Count => "count",
            Self::Aggregate => "aggregate",
            Self::Patch => "patch",
        }
    }

    pub(crate) fn is_bulk(self) -> bool {
        matches!(self, Self::GetMany | Self::SaveMany)
    }

    /// Whether an index answers, in another form in RESP3, where it also says when an answer is cut short.
    pub(crate) fn is_search(self) -> bool {
        matches!(self, Self::Tag | Self::Page | Self::Text | Self::Count | Self::Aggregate)
    }

    /// What each call answers: a number of documents or rows, or the number that is asked for.
    pub(crate) fn expected(self, corpus: &Corpus) -> u64 {
        match self {
            Self::Save | Self::SaveTtl | Self::Get | Self::Patch => 1,
            Self::GetMany | Self::SaveMany => BULK,
            Self::Tag | Self::Text => ON_A_SHELF,
            Self::Page => PAGE,
            Self::Count => corpus.documents / 4,
            Self::Aggregate => Corpus::groups() as u64,
        }
    }
}

/// How many documents one command saves by hand, where it saves several.
pub(crate) const CHUNK: usize = 100;

/// How a thousand documents are saved by hand: a careful user tries both, and takes what is faster there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bulk {
    /// A `JSON.SET` each, in one pipeline.
    Each,
    /// `JSON.MSET` of [`CHUNK`] documents, in one pipeline. Less than ours does: all of a chunk are stored or none, and which of them is refused
    /// is not told.
    Chunks,
}

impl Bulk {
    pub(crate) const BOTH: [Self; 2] = [Self::Each, Self::Chunks];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Each => "JSON.SET",
            Self::Chunks => "JSON.MSET",
        }
    }
}

/// Who does the work.
pub(crate) trait Side: Clone + Send + Sync + 'static {
    /// The n-th call of this kind; answers what [`Work::expected`] says.
    fn call(&self, work: Work, n: u64) -> impl Future<Output = Outcome<u64>> + Send;
}
