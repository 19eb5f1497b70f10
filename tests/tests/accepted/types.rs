//! A field indexes as what its type is, under whatever name.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub)]

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use cache_core::{CacheModel, FieldKind, IndexSchema};
use serde::{Deserialize, Serialize};

type Email = String;
type Seconds = Option<u32>;

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u64,
    #[index(sortable)]
    email: Email,
    #[index(sortable)]
    age: Seconds,
    #[index]
    tags: Vec<String>,
    #[index(fold_case)]
    nicknames: Option<HashSet<String>>,
    #[index]
    scores: BTreeSet<u8>,
    #[index]
    position: [f64; 3],
    #[index]
    active: bool,
    #[index]
    grade: Option<char>,
    #[index(text)]
    notes: Option<Vec<String>>,
    #[index(tag)]
    country: Cow<'static, str>,
    friends: Option<Box<Self>>,
    nested: Vec<Vec<String>>,
    big: i128,
    callback: (u8, [u8; 2]),
    shared: Box<str>,
}

#[test]
fn is_accepted() {
    let arc: Arc<str> = "ann".into();
    let _ = User::find()
        .filter(User::EMAIL.eq(String::new()) | User::EMAIL.eq("a") | User::EMAIL.eq(arc))
        .filter(User::AGE.between(18..65) | User::AGE.eq(3) | User::TAGS.is_in(["a", "b"]))
        .filter(User::POSITION.gt(0.5) & User::ACTIVE.eq(true) & User::GRADE.eq('a'))
        .filter(User::NOTES.matches("rust") | User::NICKNAMES.starts_with("an"))
        .sort_by(User::EMAIL.asc());
    let _ = (User::find_by_age(18..), User::find_by_age(18), User::find_by_scores(..=3));
    let _ = (User::find_by_tags("a"), User::find_by_notes("rust"), User::find_by_active(false));
    let _ = (User::find_by_country("CH"), User::FRIENDS, User::BIG, User::CALLBACK, User::NESTED);

    let kinds: Vec<_> = <User as IndexSchema>::schema().indexed().map(cache_core::FieldDef::kind).collect();
    use FieldKind::{Numeric, Tag, Text};
    assert_eq!(kinds, [Tag, Numeric, Tag, Tag, Numeric, Numeric, Tag, Tag, Text, Tag]);
}
