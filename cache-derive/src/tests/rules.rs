//! What is taken without a message, and what it comes to.

use super::{expansion, messages, model};

#[track_caller]
fn accepted(attributes: &str, fields: &str) -> String {
    let input = model(attributes, fields);
    assert_eq!(messages(&input), [""; 0]);
    expansion(&input)
}

#[test]
fn prefixes_have_parts() {
    for (given, prefix) in [("", "user"), (r#"#[cache(prefix = "a:b")]"#, "a:b"), ("#[cache()]", "user")] {
        assert!(accepted(given, "").contains(&format!("{prefix:?},")), "{given}");
    }
}

#[test]
fn a_ttl_is_written_in_words() {
    for (ttl, milliseconds) in [("1ms", 1), ("1h 30m", 5_400_000), ("30m", 1_800_000), ("1day", 86_400_000)] {
        let expansion = accepted(&format!("#[cache(ttl = {ttl:?})]"), "");
        assert!(expansion.contains(&format!("from_millis({milliseconds})")), "{ttl}");
    }
    assert!(accepted("", "").contains("= ::core::option::Option::None"));
}

#[test]
fn the_crate_can_be_elsewhere() {
    for path in ["crate::cache", "::other_name", "super::reexport", "\"crate::cache\""] {
        let expansion = accepted(&format!("#[cache(crate = {path})]"), "");
        let plain = path.trim_matches('"');
        assert!(expansion.contains(&format!("use {plain}::__private as __cache;")), "{expansion}");
    }
}

#[test]
fn attributes_can_be_split() {
    let expansion = accepted(r#"#[cache(prefix = "a")] #[cache(ttl = "1s",)]"#, "");
    assert!(expansion.contains("\"a\"") && expansion.contains("from_millis(1000)"));
}

#[test]
fn members_are_named_as_serde_names_them() {
    for (container, field, member) in [
        ("", "", "first_name"),
        (r#"#[serde(rename_all = "camelCase")]"#, "", "firstName"),
        (r#"#[serde(rename_all = "camelCase")]"#, r#"#[serde(rename = "x")]"#, "x"),
        (r#"#[serde(rename_all(serialize = "UPPERCASE", deserialize = "UPPERCASE"))]"#, "", "FIRST_NAME"),
        ("", r#"#[serde(rename(serialize = "x", deserialize = "x"))]"#, "x"),
        // Read under another name as well.
        ("", r#"#[serde(rename(deserialize = "x"), alias = "first_name")]"#, "first_name"),
        // Never read, so that there is no name for it.
        ("", r#"#[serde(rename(serialize = "x"), skip_deserializing)]"#, "x"),
        // Serde's derive reports these.
        (r#"#[serde(rename_all = "Title Case")]"#, "", "first_name"),
        ("", "#[serde(rename = 5)]", "first_name"),
        ("", "#[serde(rename(serialise = \"x\"))]", "first_name"),
        ("#[serde]", "#[serde = 1]", "first_name"),
    ] {
        let expansion = accepted(container, &format!("{field} first_name: String"));
        assert!(expansion.contains(&format!("Field::stored({member:?})")), "{member}:\n{expansion}");
    }
}

#[test]
fn serde_arguments_of_any_form_are_stepped_over() {
    accepted(
        r#"#[serde(default = "new", deny_unknown_fields, bound(serialize = "", deserialize = ""), tag = "type")]
           #[serde(try_from = "Other", crate = "my::serde", rename = "Other", expecting = "a user")]"#,
        r#"#[serde(default = "a::b::<u8, u8>", skip_serializing_if = "x", deserialize_with = "y", bound = "")]
           #[index]
           email: String"#,
    );
}

#[test]
fn fields_that_are_not_members_have_no_handle() {
    let expansion = accepted(
        "",
        "#[serde(skip)] a: u8, #[serde(skip_serializing)] b: u8, #[serde(flatten)] c: u8, \
         #[serde(skip_deserializing)] d: u8",
    );
    for (handle, there) in [("A", false), ("B", false), ("C", false), ("D", true)] {
        assert_eq!(expansion.contains(&format!("const {handle}:")), there, "{handle}");
    }
}

#[test]
fn searches_are_named_apart_from_members() {
    let expansion = accepted(
        r#"#[serde(rename_all = "kebab-case")]"#,
        r#"#[index(name = "given")] first_name: String, #[index(name = "first_name")] last_name: String"#,
    );
    assert!(expansion.contains(r#"("first-name", "given")"#));
    assert!(expansion.contains(r#"("last-name", "first_name")"#));
    assert!(expansion.contains(r#"`$["first-name"]` in the document, `@given` in queries"#));
}

#[test]
fn summaries_with_links_are_not_copied() {
    let documented = |docs: &str| accepted("", &format!("{docs}\nname: String"));
    assert!(
        documented("/** First\n line.\n\n Other. */").contains("/// First\n        /// line.\n        ///\n")
    );
    assert!(!documented("/// See [`Owner`].").contains("Owner"));
    assert!(!documented("/// See <https://example.com>.").contains("example"));
    assert!(documented("#[doc = include_str!(\"x\")]").contains("not indexed"));
}
