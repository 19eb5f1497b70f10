//! Messages, word for word.

use super::{message, messages, model};

#[test]
fn all_mistakes_are_reported_at_once() {
    let messages = messages(
        r#"
        #[cache(prefx = "a", ttl = "0s", prefix)]
        #[serde(transparent)]
        struct Wrong {
            #[index(tag, text, sortible = 5, name = "1")]
            email: String,
            #[primary_key(auto)]
            id: String,
            #[primary_key]
            #[serde(skip)]
            #[index]
            other: String,
        }
        "#,
    );
    let begin = [
        "unknown argument `prefx`",
        "a `ttl` of zero",
        "expected a value",
        "an index has one kind",
        "unknown argument `sortible`",
        "a search name",
        "`#[primary_key]` of `CacheModel` takes no arguments",
        "`transparent` stores",
        "the primary key must be a member",
        "the index of `other` would be empty",
    ];
    assert_eq!(messages.len(), begin.len(), "{messages:#?}");
    for (message, begin) in messages.iter().zip(begin) {
        assert!(message.starts_with(begin), "{message} does not start with {begin}");
    }
}

#[test]
fn messages_are_lower_case_without_a_full_stop() {
    for message in messages("#[cache] #[index] union Wrong<'a> { #[cache(x)] a: u8 }").iter().chain(&messages(
        "#[cache(x, ttl = 1, prefix = \"~\")] struct A<T> { #[index(x, x)] #[index] a: u8, A: u8, a: u8 }",
    )) {
        assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{message}");
    }
}

#[test]
fn shapes() {
    for (input, expected) in [
        (
            "enum User { A }",
            "a model is a struct with named fields, and `User` is an enum; write `struct User { #[primary_key] id: \
             String, … }`",
        ),
        (
            "union User { a: u8 }",
            "a model is a struct with named fields, and `User` is a union; write `struct User { #[primary_key] id: \
             String, … }`",
        ),
        (
            "struct User(String);",
            "a model is a struct with named fields, and `User` is a tuple struct; write `struct User { \
             #[primary_key] id: String, … }`",
        ),
        (
            "struct User;",
            "a model is a struct with named fields, and `User` is a struct without fields; write `struct User { \
             #[primary_key] id: String, … }`",
        ),
        (
            "struct User<'a, T> { #[primary_key] id: &'a T }",
            "a model is one concrete type: remove `'a` and own the data, for example `String` in place of `&'a str`",
        ),
        (
            "struct User<T> { #[primary_key] id: T }",
            "a model is one concrete type: remove `T` and derive `CacheModel` for a struct of its own per type",
        ),
        (
            "struct User<const N: usize> { #[primary_key] id: [u8; N] }",
            "a model is one concrete type: remove `N` and derive `CacheModel` for a struct of its own per value",
        ),
        (
            "struct User {}",
            "`User` has no primary key; write `#[primary_key]` at the field that holds the id",
        ),
    ] {
        assert_eq!(messages(input), [expected]);
    }
}

#[test]
fn struct_attributes() {
    let takes = "`#[cache(…)]` of `CacheModel` takes `prefix = \"…\"`, `ttl = \"30m\"`, `jitter = 0.1`, `language = \
                 \"german\"`, `stopwords = [\"…\"]`, `score = 0.5`, `filter = \"@age > 17\"`, `hash_tag`, `unique(a, b)`, \
                 `schema_version = 2`, `upgrade = function` and `crate = path`";
    for (attribute, expected) in [
        ("#[cache]", takes.to_owned()),
        ("#[cache = \"user\"]", takes.to_owned()),
        ("#[cache(prefx = \"a\")]", format!("unknown argument `prefx`; {takes}")),
        ("#[cache(a::b)]", format!("unknown argument; {takes}")),
        ("#[cache(prefix)]", "expected a value: `prefix = \"user_session\"`".into()),
        ("#[cache(prefix = 5)]", "expected a string: `prefix = \"user_session\"`".into()),
        ("#[cache(prefix = PREFIX)]", "expected a string literal: `prefix = \"user_session\"`".into()),
        ("#[cache(prefix = \"a\", prefix = \"b\")]", "`prefix` is written twice; keep one of them".into()),
        ("#[cache(prefix = \"a\")] #[cache(prefix = \"b\")]", "`prefix` is written twice; keep one of them".into()),
        ("#[cache(prefix = \"a\" ttl = \"1s\")]", "expected `,`".into()),
        (
            "#[cache(ttl = \"1s\", jitter = 1)]",
            "expected a part of the `ttl`, more than 0 and at most 0.5: `jitter = 0.1` is 10 % more or less".into(),
        ),
        ("#[cache(jitter = 0.1)]", "there is no `ttl` to be more or less; add `ttl = \"30m\"`".into()),
        (
            "#[cache(prefix = \"\")]",
            "the prefix is empty; leave `prefix` out to use the struct's name in snake case".into(),
        ),
        (
            "#[cache(prefix = \"a:\")]",
            "the prefix has an empty part: `:` separates parts, so it cannot stand at the ends or beside another"
                .into(),
        ),
        (
            "#[cache(prefix = \"~a\")]",
            "prefixes that begin with `~` are reserved for keys that are not documents; choose another".into(),
        ),
        (
            "#[cache(ttl = \"30\")]",
            "`30` is no duration; write one like `30m`, `1h 30m` or `500ms`".into(),
        ),
        ("#[cache(ttl = 30)]", "expected a string: `ttl = \"30m\"`".into()),
        (
            "#[cache(stopwords = [\"The\"])]",
            "expected a word in lower case: `stopwords = [\"the\", \"of\"]`".into(),
        ),
        (
            "#[cache(stopwords = \"the\")]",
            "expected a list of words: `stopwords = [\"the\", \"of\"]`".into(),
        ),
        (
            "#[cache(ttl = \"0s\")]",
            "a `ttl` of zero would delete every document as it is written; leave `ttl` out to keep documents".into(),
        ),
        (
            "#[cache(ttl = \"1us\")]",
            "the server counts a `ttl` in milliseconds; write a whole number of them".into(),
        ),
        (
            "#[cache(ttl = \"500000000000y\")]",
            "this `ttl` is longer than the server can count; leave `ttl` out to have none".into(),
        ),
        ("#[cache(crate = 5)]", "expected a path: `crate = my_crate::cache_core`".into()),
        ("#[cache(crate = \"a b\")]", "expected the path of a module: `crate = my_crate::cache_core`".into()),
        ("#[cache(crate = a())]", "expected a path: `crate = my_crate::cache_core`".into()),
        (
            "#[index]",
            "`CacheModel` reads this attribute at a field; move it to the field it means".into(),
        ),
        (
            "#[serde(transparent)]",
            "`transparent` stores the inner value in place of an object with members, which is what `CacheModel` \
             needs; remove it"
                .into(),
        ),
        (
            "#[serde(into = \"Other\")]",
            "`into` stores another type, whose members `CacheModel` cannot see here; derive `CacheModel` for that type \
             instead"
                .into(),
        ),
        (
            "#[serde(rename_all(serialize = \"UPPERCASE\"))]",
            "`CacheModel` could not read its documents back: `id` is written as `ID` and read as `id`; use one name \
             for both"
                .into(),
        ),
    ] {
        assert_eq!(message(attribute, "name: String"), expected, "{attribute}");
    }
}

#[test]
fn primary_keys() {
    for (field, expected) in [
        ("#[primary_key(auto)] id: u8", "`#[primary_key]` of `CacheModel` takes no arguments; remove them"),
        ("#[primary_key] #[primary_key] id: u8", "`primary_key` is written twice; keep one of them"),
        (
            "#[primary_key] #[serde(skip)] id: u8",
            "the primary key must be a member of the document, and `id` is not written; remove `#[serde(skip)]`",
        ),
        (
            "#[primary_key] #[serde(flatten)] id: u8",
            "the primary key must be a member of the document, and `id` is replaced by its own members; remove \
             `#[serde(flatten)]`",
        ),
        (
            "#[primary_key] #[serde(skip_deserializing)] id: u8",
            "the primary key must be read back, and `id` is not; remove `#[serde(skip_deserializing)]`",
        ),
    ] {
        assert_eq!(messages(&format!("struct User {{ {field} }}")), [expected]);
    }
}

#[test]
fn hash_tags() {
    let model = |container: &str, fields: &str| format!("{container} struct User {{ {fields} }}");
    for (container, fields, expected) in [
        (
            "",
            "#[primary_key] #[cache(hash_tag)] id: u8",
            "every document has a `id` of its own, so none would share a slot with another; write \
             `#[cache(hash_tag)]` at the struct to put all on one slot",
        ),
        (
            "",
            "#[primary_key] a: u8, #[primary_key] b: u8, #[cache(hash_tag)] c: u8",
            "a hash tag is part of the key, and `c` is not; write `#[primary_key]` at it too, or remove `hash_tag`",
        ),
        (
            "",
            "#[primary_key] #[cache(hash_tag)] a: u8, #[primary_key] #[cache(hash_tag)] b: u8",
            "a key has one hash tag; keep one `hash_tag`, at the struct or at one part of the primary key",
        ),
        (
            "#[cache(hash_tag)]",
            "#[primary_key] #[cache(hash_tag)] a: u8, #[primary_key] b: u8",
            "a key has one hash tag; keep one `hash_tag`, at the struct or at one part of the primary key",
        ),
        ("#[cache(hash_tag = 1)]", "#[primary_key] a: u8", "`hash_tag` takes no value; write it alone"),
        (
            "#[cache(hash_tag, prefix = \"a{b\")]",
            "#[primary_key] a: u8",
            "the braces of the prefix `a{b` would take the place of the hash tag; choose another prefix",
        ),
        (
            "",
            "#[primary_key] a: u8, #[primary_key] #[cache(hash_tag = true)] b: u8",
            "`#[cache(…)]` of `CacheModel` belongs to the struct, not to a field; a part of the primary key may say \
             `#[cache(hash_tag)]`",
        ),
    ] {
        assert_eq!(messages(&model(container, fields)), [expected], "{container} {fields}");
    }
}

#[test]
fn a_primary_key_has_at_most_four_parts() {
    let fields: String =
        ["a", "b", "c", "d", "e", "f"].map(|name| format!("#[primary_key] {name}: u8,")).concat();
    assert_eq!(
        messages(&format!("struct User {{ {fields} }}")),
        [
            "the primary key of `User` has 4 parts without `e`, and no more are possible; join two of them into a type of \
          their own"
        ]
    );
}

#[test]
fn members_and_names() {
    for (fields, expected) in [
        (
            "#[index] #[serde(skip_serializing)] a: u8",
            "the index of `a` would be empty, since it is not written; remove `#[index]` or \
             `#[serde(skip_serializing)]`",
        ),
        (
            "#[index] #[serde(flatten)] a: A",
            "the index of `a` would be empty, since it is replaced by its own members; remove `#[index]` or \
             `#[serde(flatten)]`",
        ),
        (
            "#[index] #[serde(with = \"As::<x>\")] a: A",
            "`CacheModel` cannot see what `#[serde(with = …)]` writes for `a`, so the index might not fit it; write the \
             type that is stored, `#[index(as = String)]`, or remove `#[index]`",
        ),
        (
            "#[index] #[serde(serialize_with = \"x\")] a: A",
            "`CacheModel` cannot see what `#[serde(serialize_with = …)]` writes for `a`, so the index might not fit \
             it; write the type that is stored, `#[index(as = String)]`, or remove `#[index]`",
        ),
        (
            "#[index] #[serde(rename = \"first-name\")] a: u8",
            "queries cannot name the member `first-name`; give `a` a search name of ASCII letters, digits and `_`: \
             `#[index(name = \"…\")]`",
        ),
        (
            "#[serde(rename(serialize = \"x\"))] a: u8",
            "`CacheModel` could not read its documents back: `a` is written as `x` and read as `a`; use one name for \
             both",
        ),
        (
            "a_b: u8, A_B: u8",
            "the handles of `a_b` and `A_B` would both be `A_B`; rename one of the fields, and keep its member with \
             `#[serde(rename = \"A_B\")]`",
        ),
        (
            "#[serde(rename = \"b\")] a: u8, b: u8",
            "`a` and `b` are both the member `b` of the document; rename one of them",
        ),
        (
            "#[index(name = \"b\")] a: u8, #[index] b: u8",
            "`a` and `b` are both searched as `b`; write another name: `#[index(name = \"…\")]`",
        ),
    ] {
        assert_eq!(message("", fields), expected, "{fields}");
    }
}

/// A mistake in a rule about all fields is one message, however many fields it concerns.
#[test]
fn a_mistake_of_the_struct_is_reported_once() {
    message("#[serde(rename_all(deserialize = \"camelCase\"))]", "first_name: u8, last_name: u8");
}

/// Uses of a mistaken model find what they name.
#[test]
fn mistakes_keep_handles_and_finders() {
    let expansion =
        super::expansion(&model("#[cache(x)]", "#[index(text, fold_case, x)] bio: String, age: u8"));
    for kept in [
        "const BIO",
        "const AGE",
        "__cache::Indexed for User",
        "fn find_by_bio",
        "__cache::Model for User",
        "__cache::Text",
    ] {
        assert!(expansion.contains(kept), "no {kept} in\n{expansion}");
    }
    assert!(!expansion.contains(".fold_case"));
}
