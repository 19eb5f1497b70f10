//! The documents that all sides read and write, and what is asked about them.

use std::sync::Arc;

use cache_core::CacheModel;
use serde::{Deserialize, Serialize};

/// How many documents a query by TAG or by a word finds.
pub(crate) const ON_A_SHELF: u64 = 20;

/// How many documents a bulk call reads or writes.
pub(crate) const BULK: u64 = 1_000;

/// How many documents a page has.
pub(crate) const PAGE: u64 = 50;

/// How long a document lives that is saved with a time to live, in milliseconds.
pub(crate) const TTL_MS: u64 = 3_600_000;

const COLORS: [&str; 8] = ["amber", "black", "coral", "denim", "ebony", "fawn", "gold", "hazel"];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "item")]
pub(crate) struct Item {
    #[primary_key]
    pub(crate) id: u64,
    #[index]
    pub(crate) shelf: String,
    #[index]
    pub(crate) color: String,
    #[index(sortable)]
    pub(crate) price: i64,
    #[index(text)]
    pub(crate) title: String,
    pub(crate) visits: u64,
    pub(crate) note: String,
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) count: u32,
    pub(crate) weight: f64,
}

/// A row of the aggregation.
#[derive(Debug, Deserialize)]
pub(crate) struct PerColor {
    pub(crate) color: String,
    pub(crate) items: u64,
    pub(crate) mean: f64,
}

impl PerColor {
    /// How many rows say something.
    pub(crate) fn count(rows: &[Self]) -> u64 {
        let says = |row: &&Self| !row.color.is_empty() && row.items > 0 && row.mean.is_finite();
        rows.iter().filter(says).count() as u64
    }
}

/// How long documents are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Large,
}

impl Size {
    pub(crate) const BOTH: [Self; 2] = [Self::Small, Self::Large];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Small => "300 B",
            Self::Large => "10 KB",
        }
    }

    /// The project, and with it the namespace.
    pub(crate) fn project(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }

    pub(crate) fn parts(self) -> u64 {
        match self {
            Self::Small => 1,
            Self::Large => 188,
        }
    }

    /// How many bytes a document has, as it is told.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Small => 300,
            Self::Large => 10_000,
        }
    }
}

/// Documents of one size: those with the ids from 0 to below `documents`.
#[derive(Debug, Clone)]
pub(crate) struct Corpus {
    pub(crate) documents: u64,
    pub(crate) size: Size,
    pub(crate) namespace: String,
    /// What saves store: the first documents.
    pub(crate) items: Arc<Vec<Item>>,
}

impl Corpus {
    pub(crate) fn new(size: Size, documents: u64) -> Self {
        let namespace = format!("{}:cache", size.project());
        let items = (0..BULK.min(documents)).map(|id| item(size, id)).collect();
        Self { documents, size, namespace, items: Arc::new(items) }
    }

    /// The key of a document, in a buffer of its own as who writes it by hand has it.
    pub(crate) fn key(&self, id: u64) -> String {
        format!("{}:item:{id}", self.namespace)
    }

    /// The index, by the name that is for other tools.
    pub(crate) fn index(&self) -> String {
        format!("{}:item:idx", self.namespace)
    }

    /// The document that the n-th call is about.
    pub(crate) fn id(&self, n: u64) -> u64 {
        // The golden ratio of 2^64: neighbouring numbers lie far apart (Knuth, TAOCP 3, section 6.4).
        (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16) % self.documents
    }

    /// The document that the n-th call saves.
    pub(crate) fn item(&self, n: u64) -> &Item {
        &self.items[(n % self.items.len() as u64) as usize]
    }

    /// The ids that the n-th call reads at once.
    pub(crate) fn ids(&self, n: u64) -> impl ExactSizeIterator<Item = u64> + use<> {
        let (first, documents) = (self.id(n), self.documents);
        (0..BULK as u32).map(move |place| (first + u64::from(place)) % documents)
    }

    pub(crate) fn shelf(&self, n: u64) -> String {
        format!("shelf-{}", self.id(n) / ON_A_SHELF)
    }

    pub(crate) fn word(&self, n: u64) -> String {
        format!("word{}", self.id(n) / ON_A_SHELF)
    }

    /// From where on the n-th call reads a page.
    pub(crate) fn lowest(&self, n: u64) -> i64 {
        // Two pages are left behind it.
        (self.id(n) % (self.documents - 2 * PAGE)) as i64
    }

    /// The prices that the n-th call counts or groups: a quarter of all, the last one excluded.
    pub(crate) fn range(&self, n: u64) -> (i64, i64) {
        let quarter = self.documents / 4;
        let lowest = self.id(n) % (self.documents - quarter);
        (lowest as i64, (lowest + quarter) as i64)
    }

    /// The name of a color for each group, for those who check.
    pub(crate) fn groups() -> usize {
        COLORS.len()
    }
}

/// The document with this id.
pub(crate) fn item(size: Size, id: u64) -> Item {
    let part = |number: u64| Part {
        name: format!("part {number} of {id}"),
        count: (number % 7) as u32,
        weight: (id % 100) as f64 * 0.25 + number as f64 / 10.0,
    };
    Item {
        id,
        shelf: format!("shelf-{}", id / ON_A_SHELF),
        color: COLORS[(id % COLORS.len() as u64) as usize].to_owned(),
        price: id as i64,
        title: format!("an item word{} that somebody looks for", id / ON_A_SHELF),
        visits: 0,
        note: format!(
            "what is said about item {id}, \"quoted\", and as long as such notes are where somebody has looked closely at it; "
        )
        .repeat(2 - usize::from(size == Size::Small)),
        parts: (0..size.parts()).map(part).collect(),
    }
}
