//! Views in modules, of renamed members, with raw names, out of macros, of modules' dates, with strict lints.

#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
#![allow(dead_code)]

use cache_core::CacheModel as _;

/// A module whose model is public.
pub mod store {
    use cache_core::{CacheEmbedded, CacheModel};
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Serialize};

    /// A part.
    #[derive(Debug, Serialize, Deserialize, CacheEmbedded)]
    pub struct Part {
        /// Its name.
        #[index]
        pub name: String,
        /// How it is made.
        #[embedded]
        pub r#type: Kind,
    }

    /// How a part is made.
    #[derive(Debug, Serialize, Deserialize, CacheEmbedded)]
    pub struct Kind {
        /// Of what.
        #[index]
        pub of: String,
    }

    /// A model.
    #[derive(Debug, Serialize, Deserialize, CacheModel)]
    #[serde(rename_all = "camelCase")]
    pub struct Machine {
        /// Its id.
        #[primary_key]
        pub machine_id: u64,
        /// When it was made.
        #[index]
        #[serde(with = "cache_core::epoch_millis")]
        pub made_at: DateTime<Utc>,
        /// What serde writes as a string.
        #[index(as = String)]
        pub address: std::net::IpAddr,
        /// Its parts.
        #[embedded]
        pub parts: Vec<Part>,
        /// A raw name.
        pub r#loop: Option<u8>,
    }
}

mod shown {
    use cache_core::{CacheView, Query};
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer};

    #[derive(Debug, Deserialize, CacheView)]
    #[cache(model = crate::views::store::Machine, crate = ::cache_core)]
    #[serde(rename_all = "PascalCase")]
    pub(crate) struct Row {
        pub(crate) machine_id: u64,
        #[serde(with = "cache_core::epoch_millis")]
        made_at: DateTime<Utc>,
        #[serde(rename = "made", deserialize_with = "seconds")]
        #[cache(field = MADE_AT)]
        seconds: i64,
        #[cache(as = String)]
        address: std::net::IpAddr,
        parts: Vec<super::store::Part>,
        #[cache(field = PARTS.r#type.of)]
        kinds: Vec<String>,
        #[cache(field = PARTS.r#type)]
        types: Vec<super::store::Kind>,
        r#loop: Option<u8>,
        #[serde(skip)]
        selected: bool,
    }

    fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        Ok(i64::deserialize(deserializer)? / 1000)
    }

    pub(crate) fn rows(
        query: Query<crate::views::store::Machine>,
    ) -> Query<crate::views::store::Machine, Row> {
        query.select()
    }

    impl Row {
        pub(crate) fn shown(&self) -> String {
            let Self { made_at, seconds, address, parts, kinds, types, r#loop, selected, .. } = self;
            format!("{made_at} {seconds} {address} {parts:?} {kinds:?} {types:?} {loop:?} {selected}")
        }
    }
}

macro_rules! view {
    ($name:ident of $model:ty, { $($field:ident: $type:ty = $handle:expr),* }) => {
        #[derive(Debug, serde::Deserialize, cache_core::CacheView)]
        #[cache(model = store::Machine)]
        struct $name {
            $(#[cache(field = $handle)] $field: $type,)*
        }
        const _: fn(&cache_core::Query<$model, $name>) -> usize = std::mem::size_of_val;
    };
}

view!(Short of store::Machine, { id: u64 = MACHINE_ID, names: Option<Vec<String>> = PARTS.name });

#[test]
fn is_accepted() {
    let _ = shown::rows(store::Machine::find());
    let _: fn(&shown::Row) -> String = shown::Row::shown;
    let _: fn(&shown::Row) -> u64 = |row| row.machine_id;
    let _: fn(&Short) -> (u64, usize) = |short| (short.id, short.names.iter().flatten().count());
}
