//! Messages about views, word for word.

use proc_macro2::TokenStream;
use syn::{File, Item, LitStr};

fn messages(input: &str) -> Vec<String> {
    let tokens: TokenStream = input.parse().unwrap();
    let file: File = syn::parse2(crate::expand::cache_view(tokens)).unwrap();
    let message = |item| match item {
        Item::Macro(item) => Some(item.mac.parse_body::<LitStr>().unwrap().value()),
        _ => None,
    };
    file.items.into_iter().filter_map(message).collect()
}

#[test]
fn views() {
    let of_struct = "`#[cache(…)]` of a `CacheView` takes `model = User` and `crate = path`";
    let of_field = "`#[cache(…)]` at a field of a `CacheView` takes `field = ADDRESS.city` and `as = String`";
    let handle =
        "expected the handle of a field of the model, without the model before it: `field = ADDRESS.city`";
    let named = "a view is a struct with named fields; write `struct A { id: String, … }`";
    let nothing = "`A` reads nothing; give it a field of the model, such as its primary key";
    let field = |attribute: &str| format!("#[cache(model = User)] struct A {{ {attribute} id: u8 }}");
    for (input, expected) in [
        (
            "struct A { id: u8 }".to_owned(),
            "`A` is a view of a model; write `#[cache(model = User)]` at it".to_owned(),
        ),
        (
            "#[cache(model = \"User\")] struct A { id: u8 }".into(),
            "expected the name of a model: `model = User`".into(),
        ),
        (
            "#[cache(model = User, modl = User)] struct A { id: u8 }".into(),
            format!("unknown argument `modl`; {of_struct}"),
        ),
        ("#[cache(model = User)] #[cache] struct A { id: u8 }".into(), of_struct.into()),
        (
            "#[cache(model = User, model = User)] struct A { id: u8 }".into(),
            "`model` is written twice; keep one of them".into(),
        ),
        ("#[cache(model = User)] struct A(u8);".into(), named.into()),
        ("#[cache(model = User)] enum A { B }".into(), named.into()),
        ("#[cache(model = User)] struct A {}".into(), nothing.into()),
        (field("#[serde(skip)]"), nothing.into()),
        (field("#[cache(field)]"), "expected a value: `field = ADDRESS.city`".into()),
        (field("#[cache(field = \"id\")]"), handle.into()),
        (field("#[cache(field = User::ID)]"), handle.into()),
        (field("#[cache(field = ADDRESS.0)]"), handle.into()),
        (field("#[cache(field = A, field = B)]"), "`field` is written twice; keep one of them".into()),
        (field("#[cache(hash_tag)]"), format!("unknown argument `hash_tag`; {of_field}")),
        (
            field("#[serde(flatten)]"),
            "a view cannot see which members `id` flattens; list the fields that are to be read".into(),
        ),
        (
            "#[cache(model = User)] #[serde(try_from = \"B\")] struct A { id: u8 }".into(),
            "`try_from` reads another value than the fields that a view selects; remove it".into(),
        ),
        (
            "#[cache(model = User)] struct A<'a> { id: &'a str }".into(),
            "a view is one concrete type that owns its data; remove the parameters".into(),
        ),
    ] {
        let found = messages(&input);
        if input.contains("model = \"User\"") {
            // Without a model it is none, too.
            assert_eq!(found.first(), Some(&expected), "{input}");
        } else {
            assert_eq!(found, [expected], "{input}");
        }
    }
}

#[test]
fn uses_of_a_view_with_mistakes_add_no_messages() {
    let tokens = "#[cache(model = User)] struct A { #[cache(x)] id: u8 }".parse().unwrap();
    let text = crate::expand::cache_view(tokens).to_string();
    assert!(text.contains("impl __cache :: Row < User > for A"), "{text}");
}
