//! The indexes on the server: looked at, waited for, made, and made again when they vanished.

// A file imports from those before it: info, drift, absent, alias, notice, create, heal, filled, ask.

mod absent;
mod alias;
mod ask;
mod create;
mod drift;
mod filled;
mod heal;
mod info;
mod notice;

pub(crate) use absent::{Absent, absent, missing};
pub(crate) use alias::{point, with_name_of};
pub(crate) use ask::{Answer, Question};
pub(crate) use drift::drift;
pub(crate) use filled::look;
pub(crate) use info::info;
pub(crate) use notice::notice;
