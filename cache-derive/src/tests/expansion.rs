//! Expansions, word for word. `CACHE_DERIVE_BLESS=1` writes what is there now into `expected/`.

use std::path::Path;

use proc_macro2::TokenStream;

use super::expansion;

/// What `#[derive(CacheModel)]` may cost a five-field model, documentation included.
const BUDGET: usize = 4_000;

const SESSION: &str = r#"
    #[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "user_session", ttl = "30m")]
    struct UserSession {
        #[primary_key]
        user_id: String,
        #[index]
        email: String,
        #[index(sortable)]
        expires_at: i64,
        #[index(text)]
        bio: String,
        device: Option<String>,
    }
"#;

#[track_caller]
fn check(name: &str, input: &str) {
    check_text(name, &expansion(input));
}

#[track_caller]
fn check_tokens(name: &str, tokens: TokenStream) {
    check_text(name, &prettyplease::unparse(&syn::parse2(tokens).unwrap()));
}

#[track_caller]
fn check_text(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/expected").join(name);
    if std::env::var_os("CACHE_DERIVE_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(actual == expected, "{name} is now:\n{actual}");
}

#[test]
fn a_model_of_five_fields_stays_small() {
    let size = expansion(SESSION).len();
    assert!(size < BUDGET, "{size} bytes");
}

#[test]
fn the_model_of_the_readme() {
    check("session.rs", SESSION);
}

#[test]
fn every_attribute() {
    check(
        "everything.rs",
        r#"
        #[derive(CacheModel)]
        #[cache(crate = "crate::cache")]
        #[serde(rename_all = "camelCase", default)]
        pub(crate) struct HTTPServer {
            /// Where it listens.
            ///
            /// More about that.
            #[index(tag, fold_case, sortable, name = "host")]
            host_name: String,
            #[primary_key]
            #[index(numeric)]
            r#type: u16,
            /// See [`Owner`].
            #[serde(rename = "first owner", skip_serializing_if = "Option::is_none")]
            owner: Option<Owner>,
            #[serde(skip)]
            scratch: Vec<u8>,
            #[serde(flatten)]
            rest: Rest,
            #[serde(with = "codes")]
            code: Code,
            #[index()]
            tags: Vec<Tag>,
        }
        "#,
    );
}

#[test]
fn a_composite_key() {
    check(
        "composite.rs",
        "struct Order { #[primary_key] #[cache(hash_tag)] tenant: String, #[primary_key] number: u64 }",
    );
}

#[test]
fn a_model_without_an_index_has_no_finders() {
    check("plain.rs", "pub struct Plain { #[primary_key] id: u64, rest: Vec<Vec<String>> }");
}

#[test]
fn a_version_comes_with_modify() {
    check("versioned.rs", "pub struct Versioned { #[primary_key] id: u64, #[version] version: u32 }");
}

#[test]
fn older_forms_are_brought_up_by_a_function() {
    check(
        "upgraded.rs",
        "#[cache(schema_version = 3, upgrade = upgrades::user)] pub struct Upgraded { #[primary_key] id: u64 }",
    );
}

#[test]
fn a_unique_field_is_read_by_its_value() {
    check(
        "unique.rs",
        "#[cache(unique(tenant, r#type))] \
         pub struct Account { #[primary_key] id: u64, #[unique] email: Option<String>, tenant: String, r#type: u8 }",
    );
}

#[test]
fn mistakes_leave_stubs_of_what_was_understood() {
    check(
        "mistaken.rs",
        r#"
        #[cache(prefix = "a::b", ttl = "5s")]
        struct Mistaken {
            id: String,
            #[index(text, fold_case)]
            bio: String,
            #[index(sortible)]
            age: u8,
        }
        "#,
    );
    check("shapeless.rs", "pub enum Shapeless { A, B }");
}

#[test]
fn a_view_of_fields_of_every_kind() {
    let input = r#"
        #[derive(Deserialize, CacheView)]
        #[cache(model = store::User)]
        #[serde(rename_all = "camelCase")]
        struct Card {
            user_id: String,
            #[cache(field = ADDRESSES.r#type)]
            types: Vec<String>,
            #[serde(with = "cache_core::epoch_millis")]
            seen: DateTime<Utc>,
            #[cache(as = String)]
            ip: IpAddr,
            #[serde(rename = "x", deserialize_with = "count")]
            likes: u64,
            #[serde(skip)]
            shown: bool,
        }
    "#;
    check_tokens("view.rs", crate::expand::cache_view(input.parse().unwrap()));
}
