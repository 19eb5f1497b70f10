//! Tests with a cache of their own: what they become, and what is said about mistakes.

use proc_macro2::TokenStream;
use syn::{File, Item, LitStr};

fn expand(arguments: &str, function: &str) -> File {
    let tokens: (TokenStream, TokenStream) = (arguments.parse().unwrap(), function.parse().unwrap());
    syn::parse2(crate::tested::test(tokens.0, tokens.1)).unwrap()
}

#[track_caller]
fn check(arguments: &str, function: &str, expected: &[&str]) {
    let messages: Vec<String> = expand(arguments, function)
        .items
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
}

#[test]
fn a_test_is_called_with_what_it_needs() {
    let function = r"
        /// Says why.
        #[should_panic]
        async fn it_works(cache: Cache, server: Server) -> Result<()> { Ok(()) }
    ";
    let file = expand("register(User, shop::Order), protocol = Protocol::Resp2, crate = core", function);
    let expected = r#"/// Says why.
#[should_panic]
#[::core::prelude::v1::test]
fn it_works() -> Result<()> {
    async fn it_works(cache: Cache, server: Server) -> Result<()> {
        Ok(())
    }
    core::testkit::Setup::new(::core::concat!(::core::module_path!(), "::", "it_works"))
        .register::<User>()
        .register::<shop::Order>()
        .protocol(Protocol::Resp2)
        .run_with_server(it_works)
}
"#;
    let actual = prettyplease::unparse(&file);
    assert!(actual == expected, "{actual}");
}

#[test]
fn mistakes_are_named_with_what_to_write() {
    const GOOD: &str = "async fn it_works(cache: Cache) {}";
    check("", GOOD, &[]);
    check("register(User,),", GOOD, &[]);
    check(
        "models(User)",
        GOOD,
        &["unknown argument `models`; `#[cache_core::test]` takes `register(Model, …)`"],
    );
    check("register", GOOD, &["expected the models whose indexes the test needs: `register(User, Order)`"]);
    check("register()", GOOD, &["`register()` names no model"]);
    check("crate = a, crate = b", GOOD, &["`crate` is written twice"]);
    check("", "struct It;", &["`#[cache_core::test]` is for asynchronous functions"]);
    check("", "async fn it_works() {}", &["the test gets its cache as a parameter; write `(cache: Cache)`"]);
    check("", "async fn it_works(cache: &Cache) {}", &["the test owns its cache; write `cache: Cache`"]);
    check(
        "",
        "async fn it_works(cache: Cache, server: &Server) {}",
        &["the test owns its server; write `server: Server`"],
    );
    check("", "#[tokio::test] async fn it_works(cache: Cache) {}", &["`#[cache_core::test]` makes the test"]);
    let wrong = "fn it_works<T>(&self, server: Server, more: u32) {}";
    let expected = [
        "the test waits for the server",
        "a test cannot be generic",
        "a test belongs to no value",
        "a test gets a cache",
    ];
    check("", wrong, &expected);
}
