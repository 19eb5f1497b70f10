//! Every type that a field can have. A new one is a line here and an `impl Sample` for its values.

use std::borrow::Cow;
use std::sync::Arc;

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
}
