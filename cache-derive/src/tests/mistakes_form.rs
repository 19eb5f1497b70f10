//! Messages about the version of the documents' form, word for word.

use super::{message, messages};

#[test]
fn versions_of_forms() {
    let number = "expected a whole number from 1 to 4294967295: `schema_version = 2`";
    let alone = "`upgrade` brings older documents to the version that `schema_version` says; write `schema_version = \
                 2` beside it";
    for (attribute, expected) in [
        ("#[cache(schema_version)]", "expected a value: `schema_version = 2`"),
        ("#[cache(schema_version = \"2\")]", number),
        ("#[cache(schema_version = 0)]", number),
        ("#[cache(schema_version = 4294967296)]", number),
        (
            "#[cache(schema_version = 2, schema_version = 3)]",
            "`schema_version` is written twice; keep one of them",
        ),
        ("#[cache(upgrade = f)]", alone),
        (
            "#[cache(schema_version = 2, upgrade = \"f\")]",
            "expected the path of a function: `upgrade = upgrade_user`",
        ),
        (
            "#[cache(schema_version = 1, upgrade = f)]",
            "no document is older than version 1; remove `upgrade`, or count `schema_version` up",
        ),
        (
            "#[cache(schema_version = 2)] #[serde(deny_unknown_fields)]",
            "a document of a newer version may have members that this one does not know, and is to be read all the \
             same; remove `deny_unknown_fields`, or `schema_version`",
        ),
    ] {
        assert_eq!(message(attribute, "name: String"), expected, "{attribute}");
    }
}

#[test]
fn the_member_of_the_version_is_no_fields() {
    let taken = |field: &str| {
        format!("the member `_v` holds the version that `schema_version` says; rename `{field}`")
    };
    let attribute = "#[cache(schema_version = 2)]";
    assert_eq!(message(attribute, "_v: u8"), taken("_v"));
    assert_eq!(message(attribute, "#[serde(rename = \"_v\")] form: u8"), taken("form"));
    assert_eq!(message(attribute, "#[serde(alias = \"_v\")] form: u8"), taken("form"));
    for free in ["v: u8", "#[serde(skip)] _v: u8"] {
        assert!(messages(&super::model(attribute, free)).is_empty(), "{free}");
    }
    assert!(messages(&super::model("", "_v: u8")).is_empty());
}

#[test]
fn embedded_structs_have_no_version() {
    let tokens = "#[cache(schema_version = 2)] struct Part { a: u8 }".parse().unwrap();
    let text = crate::expand::cache_embedded(tokens).to_string();
    assert!(text.contains("which have the keys and the index"), "{text}");
}
