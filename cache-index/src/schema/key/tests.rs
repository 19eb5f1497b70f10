//! Keys are unambiguous, and are on the slots that they promise.

use std::fmt::Display;

use crc16::{State, XMODEM};
use proptest::prelude::*;

use super::{Beside, HashTag, hashed_part};
use crate::error::NameError;
use crate::keyspace::Keyspace;
use crate::schema::Schema;

static SINGLE: Schema = Schema::new("User", "user", "id", &[]);
static TAGGED: Schema = Schema::new("User", "user", "id", &[]).with_hash_tag(HashTag::Model);
static PAIR: Schema = Schema::new("Order", "order", "tenant", &[]).with_further_keys(&["number"]);
static FIRST: Schema = Schema::new("Order", "order", "tenant", &[])
    .with_further_keys(&["number"])
    .with_hash_tag(HashTag::Part(0));
static SECOND: Schema = Schema::new("Order", "order", "tenant", &[])
    .with_further_keys(&["number"])
    .with_hash_tag(HashTag::Part(1));
static PAIR_TAGGED: Schema =
    Schema::new("Order", "order", "tenant", &[]).with_further_keys(&["number"]).with_hash_tag(HashTag::Model);
static PAIRS: [&Schema; 4] = [&PAIR, &FIRST, &SECOND, &PAIR_TAGGED];

fn key(schema: &Schema, id: &[&dyn Display]) -> Result<String, NameError> {
    let mut key = b"before".to_vec();
    let written = schema.write_key(&Keyspace::default(), &mut key, id);
    assert!(written.is_ok() || key == b"before");
    written.map(|()| String::from_utf8(key).unwrap().split_off(6))
}

fn sibling(schema: &Schema, beside: Beside<'_>, name: &[&dyn Display]) -> Result<String, NameError> {
    let mut key = b"before".to_vec();
    let written = schema.write_sibling(&Keyspace::default(), &mut key, beside, name);
    assert!(written.is_ok() || key == b"before");
    written.map(|()| String::from_utf8(key).unwrap().split_off(6))
}

/// As the specification of clusters has it, written apart from what is tested.
fn slot(key: &str) -> u16 {
    let hashed = match key.split_once('{').and_then(|(_, inside)| inside.split_once('}')) {
        Some((tag, _)) if !tag.is_empty() => tag,
        _ => key,
    };
    assert_eq!(hashed.as_bytes(), hashed_part(key.as_bytes()));
    State::<XMODEM>::calculate(hashed.as_bytes()) % 16_384
}

#[test]
fn slots_are_those_of_the_specification() {
    // What CLUSTER KEYSLOT answers.
    for (key, expected) in [
        ("123456789", 12_739),
        ("foo", 12_182),
        ("a{foo}b", 12_182),
        ("{}foo", 9_500),
        ("foo{{bar}}zap", 4_015),
    ] {
        assert_eq!(slot(key), expected, "{key}");
    }
}

#[test]
fn keys_follow_the_layout() {
    assert_eq!(key(&SINGLE, &[&42]).unwrap(), "cache:user:42");
    assert_eq!(key(&SINGLE, &[&"a:{b}%\n ü"]).unwrap(), "cache:user:a:{b}%\n ü");
    assert_eq!(key(&TAGGED, &[&"a:{b}"]).unwrap(), "{cache:user}:a:{b}");
    assert_eq!(key(&PAIR, &[&"a:{b}%\n ü", &7]).unwrap(), "cache:order:a%3A%7Bb%7D%25%0A ü:7");
    assert_eq!(key(&FIRST, &[&"ac}me", &7]).unwrap(), "cache:order:{ac%7Dme}:7");
    assert_eq!(key(&SECOND, &[&"acme", &7]).unwrap(), "cache:order:acme:{7}");
    assert_eq!(key(&PAIR_TAGGED, &[&"acme", &7]).unwrap(), "{cache:order}:acme:7");
}

#[test]
fn what_is_empty_is_named() {
    assert_eq!(key(&SINGLE, &[&""]), Err(NameError::Empty { what: "id" }));
    for schema in PAIRS {
        assert_eq!(key(schema, &[&"", &7]), Err(NameError::EmptyPart { part: "tenant" }));
        assert_eq!(key(schema, &[&"acme", &""]), Err(NameError::EmptyPart { part: "number" }));
        assert!(matches!(key(schema, &[&"acme"]), Err(NameError::Parts { parts: 2, .. })));
    }
}

/// RediSearch 2.10.5 finds such a document and then cannot load it, since it cuts the key there.
#[test]
fn the_null_character_is_refused_or_escaped() {
    assert!(matches!(key(&SINGLE, &[&"a\0b"]), Err(NameError::Nul { .. })));
    assert_eq!(key(&PAIR, &[&"a\0b", &7]).unwrap(), "cache:order:a%00b:7");
}

#[test]
fn a_hash_tag_is_the_first_one_of_its_key() {
    for global in ["{shop}:cache", "sh}op", "{"] {
        let keyspace = Keyspace::new(global).unwrap();
        for schema in [&TAGGED, &FIRST, &SECOND, &PAIR_TAGGED] {
            let refused = schema.check_namespace(&keyspace);
            assert_eq!(refused, Err(NameError::Braces { what: "namespace", name: global.to_owned() }));
        }
        assert_eq!(SINGLE.check_namespace(&keyspace), Ok(()));
    }
}

#[test]
fn what_is_no_id_is_not_read() {
    for (schema, id) in [
        (&PAIR, "a"),
        (&PAIR, "a:b:c"),
        (&PAIR, ":b"),
        (&PAIR, "a:"),
        (&PAIR, "%41:b"),
        (&PAIR, "{a}:b"),
        (&FIRST, "a:b"),
        (&FIRST, "{}:b"),
        (&FIRST, "{a:b"),
        (&SECOND, "{a}:b"),
    ] {
        assert!(matches!(schema.read_id(id), Err(NameError::Parts { .. })), "{id}");
    }
    assert_eq!(SINGLE.read_id("a:{b}").unwrap(), ["a:{b}"]);
}

#[test]
fn siblings_follow_the_layout() {
    let model = |schema| sibling(schema, Beside::Model, &[&"unique", &"email", &"a:b"]).unwrap();
    assert_eq!(model(&SINGLE), "cache:~user:unique:email:a%3Ab");
    assert_eq!(model(&TAGGED), "cache:~user:{cache:user}:unique:email:a%3Ab");
    assert_eq!(model(&FIRST), "cache:~order:unique:email:a%3Ab");
    assert_eq!(slot(&model(&TAGGED)), slot(&key(&TAGGED, &[&1]).unwrap()));
    let beside = |schema, id: &[&dyn Display]| sibling(schema, Beside::Document(id), &[&"x"]).unwrap();
    assert_eq!(beside(&SINGLE, &[&"a:b"]), "cache:~user:{cache:user:a:b}:x");
    assert_eq!(beside(&FIRST, &[&"acme", &7]), "cache:~order:{acme}:x");
}

#[test]
fn a_slot_that_nothing_can_share_is_refused() {
    for id in ["a}", "{}a", "}a{"] {
        let refused = sibling(&SINGLE, Beside::Document(&[&id]), &[&"x"]);
        assert_eq!(refused, Err(NameError::Slot { key: format!("cache:user:{id}") }), "{id}");
    }
    let keyspace = Keyspace::new("a{b").unwrap();
    let refused = SINGLE.write_sibling(&keyspace, &mut Vec::new(), Beside::Document(&[&1]), &[&"x"]);
    assert!(matches!(refused, Err(NameError::Slot { .. })));
}

#[test]
fn overlap_is_of_what_keys_begin_with() {
    static LONGER: Schema = Schema::new("Session", "user:session", "id", &[]);
    static LONGER_TAGGED: Schema =
        Schema::new("Session", "user:session", "id", &[]).with_hash_tag(HashTag::Model);
    assert!(SINGLE.keys_overlap(&LONGER) && LONGER.keys_overlap(&SINGLE));
    assert!(SINGLE.keys_overlap(&TAGGED), "one alias, one set of siblings");
    assert!(!TAGGED.keys_overlap(&LONGER) && !LONGER.keys_overlap(&TAGGED));
    assert!(!SINGLE.keys_overlap(&LONGER_TAGGED) && !TAGGED.keys_overlap(&LONGER_TAGGED));
    assert!(!SINGLE.keys_overlap(&PAIR));
}

/// Strings in which what has a meaning is frequent.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a:%{}~ü \n0-9]{1,8}", 1 => any::<String>().prop_filter("not empty", |text| !text.is_empty())]
}

proptest! {
    #[test]
    fn ids_are_read_as_they_were_written(tenant in part(), number in part()) {
        for schema in PAIRS {
            let key = key(schema, &[&tenant, &number]).unwrap();
            let mut start = Vec::new();
            schema.write_key_start(&Keyspace::default(), &mut start);
            let read = schema.read_id(&key[start.len()..]).unwrap();
            prop_assert_eq!(read, [tenant.clone(), number.clone()]);
        }
    }

    #[test]
    fn what_shares_a_part_shares_a_slot(tenant in part(), one in part(), other in part(), name in any::<String>()) {
        let id: &[&dyn Display] = &[&tenant, &one];
        let key_of = |schema, id: &[&dyn Display]| slot(&key(schema, id).unwrap());
        let beside = |schema| slot(&sibling(schema, Beside::Document(id), &[&"x", &name]).unwrap());
        prop_assert_eq!(key_of(&FIRST, id), key_of(&FIRST, &[&tenant, &other]));
        prop_assert_eq!(key_of(&SECOND, id), key_of(&SECOND, &[&other, &one]));
        prop_assert_eq!(key_of(&PAIR_TAGGED, id), key_of(&PAIR_TAGGED, &[&other, &other]));
        for schema in PAIRS {
            prop_assert_eq!(beside(schema), key_of(schema, id));
        }
    }

    /// No id, however it is written, makes a document's key out of a sibling's, or the other way round.
    #[test]
    fn siblings_are_no_documents(id in part(), name in part()) {
        for schema in [&SINGLE, &TAGGED] {
            prop_assume!(!id.contains('\0'));
            let document = key(schema, &[&id]).unwrap();
            let mut start = Vec::new();
            schema.write_key_start(&Keyspace::default(), &mut start);
            let start = String::from_utf8(start).unwrap();
            prop_assert!(!document.starts_with("cache:~"));
            for beside in [Beside::Model, Beside::Document(&[&id])] {
                match sibling(schema, beside, &[&name]) {
                    Ok(sibling) => {
                        prop_assert!(sibling.starts_with("cache:~user:") && !sibling.starts_with(&start));
                        if matches!(beside, Beside::Document(_)) {
                            prop_assert_eq!(slot(&sibling), slot(&document));
                        }
                    }
                    Err(error) => {
                        let expected = matches!(error, NameError::Slot { .. }) && id.contains('}');
                        prop_assert!(expected, "{}", error);
                    }
                }
            }
        }
    }
}
