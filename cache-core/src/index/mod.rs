//! The indexes on the server: looked at, waited for, made, and made again when they vanished.

// A file imports from those before it: binary, info, drift, create, heal, filled, ask.

mod ask;
mod binary;
mod create;
mod drift;
mod filled;
mod heal;
mod info;

pub(crate) use ask::{Answer, Question};
pub(crate) use binary::ask_all;
pub(crate) use drift::{drift, saw};
pub(crate) use filled::look;
pub(crate) use info::info;
