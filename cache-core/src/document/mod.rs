//! Documents by key: reading, writing, changing, how long they live.

// A file imports from those before it: saved, encode, expiry, keyed, read, scan, unique, touch, end, write_script, write,
// once, versioned, bulk, save_stream, patch.

mod bulk;
mod encode;
mod end;
mod expiry;
mod keyed;
mod once;
mod patch;
mod read;
mod save_stream;
mod saved;
mod scan;
mod touch;
mod unique;
mod versioned;
mod write;
mod write_script;

pub(crate) use bulk::save_many;
pub(crate) use end::{delete, delete_keys, delete_many, expire, expire_at, persist};
pub(crate) use expiry::ttl;
pub use expiry::{Expiry, Ttl};
pub(crate) use keyed::CHUNK;
pub(crate) use once::get_or_insert_with;
pub use patch::{
    Amount, Assign, Changes, EachDocument, Increment, List, Number, NumberRange, OneDocument, Optional, Patch,
};
pub(crate) use read::{decode, exists, get, get_many};
pub use save_stream::SaveStream;
pub use saved::Saved;
pub use scan::{Ids, Keys};
pub(crate) use scan::{count_all, read_id};
pub use unique::get_by_unique;
pub use versioned::modify;
pub(crate) use write::{Condition, write};
