//! Documents by key: reading, writing, changing, how long they live.

// A file imports from those before it: fence, stamp, unstamped, saved, encode, expiry, keyed, read, scan, unique, touch, end,
// write_script, write, once, versioned, together, bulk, save_stream, rewrite, upgrade, patch.

mod bulk;
mod encode;
mod end;
mod expiry;
mod fence;
mod keyed;
mod once;
mod patch;
mod read;
mod rewrite;
mod save_stream;
mod saved;
mod scan;
mod stamp;
mod together;
mod touch;
mod tour;
mod unique;
mod unstamped;
mod upgrade;
mod versioned;
mod write;
mod write_script;

pub(crate) use bulk::save_many;
pub(crate) use encode::json_of;
pub(crate) use end::{delete, delete_key, delete_keys, delete_many, expire, expire_at, persist};
pub use expiry::{Expiry, Ttl};
pub(crate) use expiry::{jittered, millis, ttl};
pub(crate) use keyed::{CHUNK, parts_of, same_key};
pub(crate) use once::get_or_insert_with;
pub use patch::{
    Amount, Assign, Changes, EachDocument, Increment, List, Number, NumberRange, OneDocument, Optional, Patch,
};
#[cfg(feature = "testkit")]
pub(crate) use patch::{PATCH, members_of};
pub(crate) use read::{decode, decode_as, exists, get, get_many};
#[cfg(feature = "near")]
pub(crate) use read::{decode_reply, get_at, get_many_at};
pub(crate) use rewrite::{OnlyIf, Rewrite, Rewritten, StoredForm};
pub use save_stream::SaveStream;
pub use saved::Saved;
pub use scan::{Ids, Keys};
pub(crate) use scan::{Scan, count_all, pattern, read_id};
pub(crate) use stamp::FIRST;
#[cfg(feature = "testkit")]
pub(crate) use touch::TOUCH;
pub use unique::get_by_unique;
pub use versioned::modify;
pub(crate) use write::{Condition, write};
#[cfg(feature = "testkit")]
pub(crate) use write_script::{WRITE, WRITE_EXPIRING};
