//! Unique fields: claims on their values, taken and given up with the documents that have them.
//!
//! Each value that a document has in a unique field is claimed by a key of its own, which names the document. A claim
//! alone says nothing: it counts if the document that it names is there and has the value. So a claim that was left
//! over, by whatever removed its document, is taken over by the next one who wants it.
//!
//! Where all keys are on one node, or share a hash tag, one script writes the document and its claims (`lua`, `run`).
//! Across the slots of a cluster there is a protocol of several steps (`across`).

// A file imports from those before it: content, claims, lua, scripts, guarded, across, run, get_by.

mod across;
mod claims;
mod content;
mod get_by;
mod guarded;
mod lua;
mod run;
mod scripts;

pub(super) use claims::{Claims, Next, call, guarded};
pub use get_by::get_by_unique;
pub(super) use guarded::Guarded;
pub(super) use lua::guard;
pub(super) use run::{run, run_many};
