//! Documents by key: reading, writing, changing, how long they live.

mod bulk;
mod encode;
mod expiry;
mod keyed;
mod once;
mod patch;
mod read;
mod save_stream;
mod scan;
mod write;

pub(crate) use bulk::save_many;
pub use expiry::{Expiry, Ttl};
pub(crate) use expiry::{expire, expire_at, persist, ttl};
pub(crate) use once::get_or_insert_with;
pub use patch::{Amount, Assign, Increment, List, Number, NumberRange, Optional, Patch};
pub(crate) use read::{decode, exists, get, get_many};
pub use save_stream::SaveStream;
pub(crate) use scan::count_all;
pub use scan::{Ids, Keys};
pub use write::Saved;
pub(crate) use write::{Condition, delete, delete_many, write};
