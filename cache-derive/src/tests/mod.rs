//! Tests of the whole derive: what it expands to, and what it says about mistakes.

mod expansion;
mod gated;
mod mistakes;
mod mistakes_fields;
mod mistakes_form;
mod mistakes_view;
mod rules;
mod tested;

use proc_macro2::TokenStream;
use syn::{File, Item, LitStr};

/// The expansion as items.
fn expand(input: &str) -> File {
    let tokens: TokenStream = input.parse().unwrap();
    syn::parse2(crate::expand::cache_model(tokens)).unwrap()
}

/// The expansion as a person would write it.
fn expansion(input: &str) -> String {
    prettyplease::unparse(&expand(input))
}

/// The messages, in the order of their reporting.
fn messages(input: &str) -> Vec<String> {
    let message = |item| match item {
        Item::Macro(item) => Some(item.mac.parse_body::<LitStr>().unwrap().value()),
        _ => None,
    };
    expand(input).items.into_iter().filter_map(message).collect()
}

/// The only message about a model with these attributes and these fields beside its primary key.
#[track_caller]
fn message(attributes: &str, fields: &str) -> String {
    let messages = messages(&model(attributes, fields));
    let [message] = &messages[..] else { panic!("not one message: {messages:#?}") };
    message.clone()
}

/// A model with these attributes and these fields beside its primary key.
fn model(attributes: &str, fields: &str) -> String {
    format!("{attributes} struct User {{ #[primary_key] id: String, {fields} }}")
}
