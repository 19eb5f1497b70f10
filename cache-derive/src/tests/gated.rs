//! Functions with a gate: what they become, and what is said about mistakes.

use proc_macro2::TokenStream;
use syn::{File, Item, LitStr};

fn expand(arguments: &str, function: &str) -> File {
    let tokens: (TokenStream, TokenStream) = (arguments.parse().unwrap(), function.parse().unwrap());
    syn::parse2(crate::gated::gate(tokens.0, tokens.1)).unwrap()
}

#[track_caller]
fn check(arguments: &str, function: &str, expected: &[&str]) {
    let items = expand(arguments, function).items;
    let messages: Vec<String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Macro(item) => Some(item.mac.parse_body::<LitStr>().unwrap().value()),
            _ => None,
        })
        .collect();
    assert_eq!(messages.len(), expected.len(), "{messages:#?}");
    for (message, begin) in messages.iter().zip(expected) {
        assert!(message.starts_with(begin), "{message}");
        assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{message}");
    }
    // The function stays, so that its uses make no messages of their own.
    assert!(items.iter().any(|item| matches!(item, Item::Fn(_))));
}

const GOOD: &str = "async fn job(cache: &Cache) -> Result<(), GateError> { Ok(()) }";

#[test]
fn a_function_keeps_its_shape() {
    let function = r"
        /// Cleans up.
        #[inline]
        pub async fn job<T: Send>(&self, lease: &Lease, more: T) -> Result<T, GateError> { Ok(more) }
    ";
    let file = expand(
        r#""nightly", ttl = "5m", renew = false, strict, cache = self.cache, on_lost = OnLost::Signal"#,
        function,
    );
    let expected = r#"/// Cleans up.
#[inline]
pub async fn job<T: Send>(
    &self,
    more: T,
) -> ::cache_core::__private::Gated<Result<T, GateError>> {
    let __gate = ::cache_core::Gate::new("nightly")
        .ttl(::core::time::Duration::from_millis(300000u64))
        .renew(false)
        .on_lost(OnLost::Signal)
        .strict();
    ::cache_core::__private::gated(
            &__gate,
            &self.cache,
            async |__lease: ::cache_core::Lease| -> Result<T, GateError> {
                let lease: &Lease = &__lease;
                { Ok(more) }
            },
        )
        .await
}
"#;
    let actual = prettyplease::unparse(&file);
    assert!(actual == expected, "{actual}");
}

#[test]
fn mistakes_are_named_with_what_to_write() {
    check(r#""job""#, GOOD, &[]);
    check("", GOOD, &["the gate has no key; write it first: `#[gate(\"nightly\", ttl = \"5m\")]`"]);
    check(r#"ttl = "5m""#, GOOD, &["the gate has no key"]);
    check(r#""job", time = "5m""#, GOOD, &["unknown argument `time`; `#[gate]` takes the gate's key first"]);
    check(r#""job", ttl"#, GOOD, &["expected a duration in words: `ttl = \"5m\"`"]);
    check(r#""job", ttl = 5"#, GOOD, &["expected a duration in words: `ttl = \"5m\"`"]);
    check(r#""job", grace = "5""#, GOOD, &["`5` is no duration"]);
    check(r#""job", ttl = "10ms""#, GOOD, &["a `ttl` under 100 ms is shorter than a slow network's answer"]);
    check(r#""job", grace = "2days""#, GOOD, &["a `grace` of more than a day"]);
    check(r#""job", ttl = "1m", ttl = "2m""#, GOOD, &["`ttl` is written twice"]);
    check(r#""job", renew = 1"#, GOOD, &["expected `renew = true` or `renew = false`"]);
    let function = "fn job() {}";
    let expected =
        ["a gated function waits", "a gated function answers a `Result`", "the gate needs a cache"];
    check(r#""job""#, function, &expected);
}
