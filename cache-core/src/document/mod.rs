//! Documents by key: reading, writing, changing, how long they live.

// A file imports from those before it: saved, encode, expiry, keyed, read, scan, delete, write_script, write, once,
// versioned, bulk, save_stream, patch.

mod bulk;
mod delete;
mod encode;
mod expiry;
mod keyed;
mod once;
mod patch;
mod read;
mod save_stream;
mod saved;
mod scan;
mod versioned;
mod write;
mod write_script;

pub(crate) use bulk::save_many;
pub(crate) use delete::{delete, delete_many};
pub use expiry::{Expiry, Ttl};
pub(crate) use expiry::{expire, expire_at, persist, ttl};
pub(crate) use once::get_or_insert_with;
pub use patch::{Amount, Assign, Increment, List, Number, NumberRange, Optional, Patch};
pub(crate) use read::{decode, exists, get, get_many};
pub use save_stream::SaveStream;
pub use saved::Saved;
pub(crate) use scan::count_all;
pub use scan::{Ids, Keys};
pub use versioned::modify;
pub(crate) use write::{Condition, write};
