//! Every type that a field can have. A new one is a line here and an `impl Sample` for its values.

use std::borrow::Cow;
use std::sync::Arc;

use cache_core::{Distance, GeoPoint, GeoShape, Vector};
use chrono::{DateTime, NaiveDate, Utc};
use half::{bf16, f16};
use time::OffsetDateTime;
use ulid::Ulid;
use url::Url;
use uuid::Uuid;

use crate::sample::{Cents, Name, Role, Words, a_word};

crate::cases! {
    tag_bool: bool, #[index], lists, |field, value| field.eq(*value), Equal;
    tag_char: char, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    tag_string: String, #[index], lists #[index], |field, value| field.eq(value.clone()), Equal;
    tag_box_str: Box<str>, #[index], lists #[index], |field, value| field.eq(value.clone()), Equal;
    tag_arc_str: Arc<str>, #[index], lists #[index], |field, value| field.eq(value.clone()), Equal;
    tag_cow: Cow<'static, str>, #[index], lists #[index], |field, value| field.eq(value.clone()), Equal;
    tag_newtype: Name, #[index], lists #[index], |field, value| field.eq(value.clone()), Equal;
    tag_enum: Role, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    tag_uuid: Uuid, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    tag_ulid: Ulid, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    tag_url: Url, #[index], lists #[index], |field, value| field.eq(value.clone()), Equal;
    tag_folded: String, #[index(fold_case)], lists #[index(fold_case)], |field, value| field.eq(value.clone()), Accepts;
    tag_with_suffixes: String, #[index(with_suffix_trie)], lists #[index(with_suffix_trie)], |field, value| field.eq(value.clone()), Equal;
    numeric_i8: i8, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_i16: i16, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_i32: i32, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_i64: i64, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_isize: isize, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_u8: u8, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_u16: u16, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_u32: u32, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_u64: u64, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_usize: usize, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_f32: f32, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_f64: f64, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    numeric_newtype: Cents, #[index], lists #[index], |field, value| field.eq(*value), Equal;
    text_string: String, #[index(text)], lists #[index(text)], |field, value| field.matches(a_word(value)?), Accepts;
    text_box_str: Box<str>, #[index(text)], lists #[index(text)], |field, value| field.matches(a_word(value)?), Accepts;
    text_arc_str: Arc<str>, #[index(text)], lists #[index(text)], |field, value| field.matches(a_word(value)?), Accepts;
    text_cow: Cow<'static, str>, #[index(text)], lists #[index(text)], |field, value| field.matches(a_word(value)?), Accepts;
    text_newtype: Words, #[index(text)], lists #[index(text)], |field, value| field.matches(a_word(value)?), Accepts;
    text_phonetic: Words, #[index(text, phonetic = "en", index_empty)], lists #[index(text, phonetic = "en")], |field, value| field.matches(a_word(value)?), Accepts;
    geo_point: GeoPoint, #[index], lists #[index], |field, value| field.within_radius(*value, Distance::meters(1.0)), Accepts;
    geoshape_flat: GeoShape, #[index(flat)], lists, |field, value| field.intersects(value), Accepts;
    vector_f32: Vector<f32, 3>, #[index(distance_metric = "l2")], lists #[index(distance_metric = "l2")], |field, value| field.within_range(value, 0.0), Accepts;
    vector_f64: Vector<f64, 3>, #[index(distance_metric = "l2")], lists #[index(distance_metric = "l2")], |field, value| field.within_range(value, 0.0), Accepts;
    vector_f16: Vector<f16, 3>, #[index(distance_metric = "l2")], lists #[index(distance_metric = "l2")], |field, value| field.within_range(value, 0.0), Accepts;
    vector_bf16: Vector<bf16, 3>, #[index(distance_metric = "l2")], lists #[index(distance_metric = "l2")], |field, value| field.within_range(value, 0.0), Accepts;
    date_chrono_millis: DateTime<Utc>, #[index] #[serde(with = "cache_core::epoch_millis")], lists #[index] #[serde(with = "cache_core::epoch_millis")], |field, value| field.eq(*value), Equal;
    date_chrono_seconds: DateTime<Utc>, #[index] #[serde(with = "cache_core::epoch_seconds")], lists #[index] #[serde(with = "cache_core::epoch_seconds")], |field, value| field.eq(*value), Equal;
    date_chrono_float: DateTime<Utc>, #[index] #[serde(with = "cache_core::epoch_float_seconds")], lists #[index] #[serde(with = "cache_core::epoch_float_seconds")], |field, value| field.eq(*value), Equal;
    date_chrono_day: NaiveDate, #[index] #[serde(with = "cache_core::epoch_seconds")], lists #[index] #[serde(with = "cache_core::epoch_seconds")], |field, value| field.eq(*value), Equal;
    date_time_millis: OffsetDateTime, #[index] #[serde(with = "cache_core::epoch_millis")], lists #[index] #[serde(with = "cache_core::epoch_millis")], |field, value| field.eq(*value), Equal;
}
