//! The indexes on the server: looked at, waited for, made, and made again when they vanished.

// A file imports from those before it: info, drift, create, heal, filled, ask.

mod ask;
mod create;
mod drift;
mod filled;
mod heal;
mod info;

pub(crate) use ask::{Answer, Question};
pub(crate) use drift::{drift, saw};
pub(crate) use filled::look;
pub(crate) use info::info;
