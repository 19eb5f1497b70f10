//! The indexes on the server: looked at, waited for, made, and made again when they vanished.

// A file imports from those before it: binary, made, told, everywhere, info, drift, absent, judge, alias, compared, record, notice, create, heal, filled, ask.

mod absent;
mod alias;
mod ask;
mod binary;
mod compared;
mod create;
mod drift;
mod everywhere;
mod filled;
mod heal;
mod info;
mod judge;
mod made;
mod notice;
mod record;
mod told;

pub(crate) use absent::{Absent, absent, digest, missing, still_absent};
pub(crate) use alias::{point, with_name_of};
pub(crate) use ask::{Answer, Question};
pub(crate) use binary::ask_all;
pub(crate) use compared::{Compared, Kept, Lacked, mark_name};
pub(crate) use drift::{drift, saw};
pub(crate) use everywhere::{
    Everywhere, NOTHING, Unsettled, everywhere, extend_everywhere, known, make_everywhere, until,
};
pub(crate) use filled::{look, look_beside};
pub(crate) use info::look_at;
pub(crate) use judge::{Unjudged, judge};
pub(crate) use made::{alter, announcement, key as made_key, make};
pub(crate) use notice::{count, follow, notice};
pub(crate) use record::{by_record, compared_key, recorded, run_id};
pub(crate) use told::{listed, question, read};
