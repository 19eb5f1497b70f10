//! The indexes on the server: looked at, waited for, made, and made again when they vanished.

// A file imports from those before it: binary, info, drift, absent, alias, notice, create, heal, filled, ask.

mod absent;
mod alias;
mod ask;
mod binary;
mod create;
mod drift;
mod filled;
mod heal;
mod info;
mod notice;

pub(crate) use absent::{Absent, absent, missing};
pub(crate) use alias::{point, with_name_of};
pub(crate) use ask::{Answer, Question};
pub(crate) use binary::ask_all;
pub(crate) use drift::{drift, saw};
pub(crate) use filled::look;
pub(crate) use info::info;
pub(crate) use notice::{follow, notice};
