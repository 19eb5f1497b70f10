//! Values of each type, random and hostile, and what may become of them on their way.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use cache_core::{CacheValue, GeoPoint, GeoShape, Vector};
use chrono::{DateTime, NaiveDate, Utc};
use half::{bf16, f16};
use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use ulid::Ulid;
use url::Url;
use uuid::Uuid;

/// A type whose values are saved and found. A new type needs an `impl` here and a line in `types.rs`.
pub(crate) trait Sample: Clone + PartialEq + Debug + Send + Sync + 'static {
    /// Values of it: small ones, so that some are equal, extreme ones, and any.
    fn strategy() -> BoxedStrategy<Self>;

    /// Whether this may come back in place of the other, because it lost what the README says is lost.
    fn is_near(&self, _other: &Self) -> bool {
        false
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Sample for $type {
            fn strategy() -> BoxedStrategy<Self> {
                let extremes = select(vec![<$type>::MIN, <$type>::MIN + 1, 0, <$type>::MAX - 1, <$type>::MAX]);
                prop_oneof![0..3 as $type, any::<$type>(), extremes].boxed()
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

impl Sample for f64 {
    fn strategy() -> BoxedStrategy<Self> {
        let finite = any::<f64>().prop_filter("not finite", |number| number.is_finite());
        let whole = (-1_000_i16..1_000).prop_map(f64::from);
        prop_oneof![2 => finite, 2 => -180.0..180.0, 1 => 1.7e9..1.8e9, 1 => whole, 1 => 0.0..1.0].boxed()
    }

    fn is_near(&self, other: &Self) -> bool {
        self.next_up() == *other || self.next_down() == *other
    }
}

impl Sample for f32 {
    fn strategy() -> BoxedStrategy<Self> {
        let finite = any::<f32>().prop_filter("not finite", |number| number.is_finite());
        prop_oneof![finite, -180.0_f32..180.0, (-9_i8..9).prop_map(f32::from)].boxed()
    }
}

impl Sample for bool {
    fn strategy() -> BoxedStrategy<Self> {
        any::<bool>().boxed()
    }
}

impl Sample for char {
    fn strategy() -> BoxedStrategy<Self> {
        let hostile = select("\\\"'{}|*$@- \n\t:~ıßé\u{301}🦊".chars().collect::<Vec<_>>());
        let any = any::<char>().prop_filter("U+0000 is refused", |letter| *letter != '\0');
        prop_oneof![any, hostile, proptest::char::range('a', 'c')].boxed()
    }
}

/// Strings in which what has a meaning to somebody is frequent.
fn text() -> impl Strategy<Value = String> {
    let hostile = select(vec![
        "",
        " ",
        "a",
        "A",
        "a b",
        " a ",
        "\\",
        "a\\",
        "a\\!b",
        "{x}",
        "a|b",
        "@id:[1 2]",
        "*",
        "$p0",
        "a,b",
        "\"",
        "null",
        "true",
        "1",
        "é",
        "É",
        "ß",
        "🦊",
        "a\nb",
        "\u{1}",
        "\u{7f}",
        "-a",
        "%a%",
    ]);
    let any = any::<String>().prop_map(|text| text.replace('\0', ""));
    prop_oneof![2 => hostile.prop_map(str::to_owned), 1 => "[abAB ,]{0,3}", 2 => any, 1 => "[a-z@.]{5,300}"]
}

macro_rules! mapped {
    ($($type:ty: $strategy:expr => $map:expr;)*) => {$(
        impl Sample for $type {
            fn strategy() -> BoxedStrategy<Self> {
                $strategy.prop_map($map).boxed()
            }
        }
    )*};
}

mapped! {
    String: text() => |text| text;
    Box<str>: text() => Into::into;
    Arc<str>: text() => Into::into;
    Cow<'static, str>: text() => Cow::Owned;
    Name: text() => Name;
    Uuid: any::<u128>() => Uuid::from_u128;
    Ulid: any::<u128>() => Ulid;
    Words: prop::collection::vec("[a-z]{5,9}|[a-zäé]{2,9}|[A-Z][a-z]{3}|[0-9]{2,4}", 1..6) => |words| Words(words.join(" "));
}

impl Sample for Url {
    fn strategy() -> BoxedStrategy<Self> {
        let parts = ("[a-c]{1,3}", "[a-zA-Z0-9/%ü .-]{0,12}", "[a-z=&ü{}|]{0,9}");
        parts
            .prop_filter_map("no URL", |(host, path, query)| {
                Url::parse(&format!("https://{host}.example/{path}?{query}")).ok()
            })
            .boxed()
    }
}

impl Sample for GeoPoint {
    fn strategy() -> BoxedStrategy<Self> {
        let known = select(vec![(0.0, 0.0), (-180.0, 85.051_128_78), (180.0, -85.051_128_78), (7.5, 1e-9)]);
        prop_oneof![1 => known, 3 => (-180.0..=180.0, -85.0..=85.0)]
            .prop_map(|(longitude, latitude)| Self::new(longitude, latitude).unwrap())
            .boxed()
    }
}

impl Sample for GeoShape {
    fn strategy() -> BoxedStrategy<Self> {
        let corner = prop_oneof![(0..4_u8).prop_map(f64::from), -50.0..50.0];
        (corner.clone(), corner, prop_oneof![Just(0.0), 0.1..9.0])
            .prop_map(|(x, y, size)| {
                let (right, top) = (x + size, y + size);
                let text = if size == 0.0 {
                    format!("POINT({x} {y})")
                } else {
                    format!("POLYGON(({x} {y},{x} {top},{right} {top},{right} {y},{x} {y}))")
                };
                text.parse().unwrap()
            })
            .boxed()
    }
}

macro_rules! vectors {
    ($($element:ty: $from:expr;)*) => {$(
        impl Sample for Vector<$element, 3> {
            fn strategy() -> BoxedStrategy<Self> {
                let number = prop_oneof![-1.0_f32..1.0, (-9..9_i8).prop_map(f32::from)];
                [number.clone(), number.clone(), number].prop_map(|numbers| numbers.map($from).into()).boxed()
            }
        }
    )*};
}

vectors! {
    f32: |number| number;
    // Whole numbers: of others, one in four hundred comes back one unit in the last place off.
    f64: |number| f64::from(number.round());
    f16: f16::from_f32;
    bf16: bf16::from_f32;
}

/// Seconds since 1970: around it, around now, and as far as years have four digits.
fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![-3..3_i64, 1_700_000_000..1_800_000_000_i64, -62_135_596_800..253_402_300_799_i64]
}

mapped! {
    DateTime<Utc>: instant() => |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    NaiveDate: instant() => |seconds| DateTime::from_timestamp(seconds, 0).unwrap().date_naive();
    OffsetDateTime: instant() => |seconds| Self::from_unix_timestamp(seconds).unwrap();
}

impl Sample for Cents {
    fn strategy() -> BoxedStrategy<Self> {
        i64::strategy().prop_map(|amount| Self { amount }).boxed()
    }
}

impl Sample for Role {
    fn strategy() -> BoxedStrategy<Self> {
        select(vec![Self::Reader, Self::SeniorEditor, Self::Owner]).boxed()
    }
}

/// A newtype of a string.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheValue)]
pub(crate) struct Name(String);

/// A text of at least one word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheValue)]
pub(crate) struct Words(String);

impl AsRef<str> for Words {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A word that can be searched for, if the text has one of which it is certain what the server takes for it.
pub(crate) fn a_word(text: &impl AsRef<str>) -> Option<&str> {
    let text = text.as_ref();
    let words = text.split([' ', '.', ',', '@', '|']);
    let plain = |word: &&str| word.len() > 4 && word.chars().all(|letter| letter.is_ascii_lowercase());
    words.filter(plain).max_by_key(|word| word.len()).filter(|_| !text.contains('\\'))
}

/// A newtype of a number, with a name for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, CacheValue)]
#[serde(transparent)]
pub(crate) struct Cents {
    amount: i64,
}

/// An enum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, CacheValue)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// As it is.
    Reader,
    /// In two words.
    SeniorEditor,
    /// Under another name.
    #[serde(rename = "the boss")]
    Owner,
}
