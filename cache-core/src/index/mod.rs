//! The indexes on the server: looked at, waited for, made, and made again when they vanished.

// A file imports from those before it: binary, made, info, drift, absent, alias, notice, create, heal, filled, ask.

mod absent;
mod alias;
mod ask;
mod binary;
mod create;
mod drift;
mod filled;
mod heal;
mod info;
mod made;
mod notice;

pub(crate) use absent::{Absent, absent, digest, missing, still_absent};
pub(crate) use alias::{point, with_name_of};
pub(crate) use ask::{Answer, Question};
pub(crate) use binary::ask_all;
pub(crate) use drift::{drift, saw};
pub(crate) use filled::{look, look_beside};
pub(crate) use info::look_at;
pub(crate) use made::{announcement, make};
pub(crate) use notice::{follow, notice};
