//! The function under `#[gate(…)]`.

use quote::ToTokens;
use syn::{Expr, FnArg, Ident, ItemFn, Pat, PatType, ReturnType, Type};

use super::arguments::Arguments;
use crate::errors::Errors;

/// A function, and what its gate needs of it.
pub(super) struct Gated {
    pub(super) function: ItemFn,
    pub(super) arguments: Arguments,
    /// Where the cache is.
    pub(super) cache: Option<Expr>,
    /// The parameter that gets the lease; it is none for callers.
    pub(super) lease: Option<PatType>,
    /// What the function answers.
    pub(super) answer: Option<Type>,
}

impl Gated {
    pub(super) fn read(mut function: ItemFn, arguments: Arguments, errors: &mut Errors) -> Self {
        if function.sig.asyncness.is_none() {
            errors.at(function.sig.fn_token, "a gated function waits for the server; make it an `async fn`");
        }
        let answer = match &function.sig.output {
            ReturnType::Type(_, answer) => Some((**answer).clone()),
            ReturnType::Default => {
                let message = "a gated function answers a `Result` whose error can be a `GateError`; write \
                               `-> Result<(), GateError>`";
                errors.at(&function.sig.ident, message);
                None
            }
        };
        let lease = take_lease(&mut function);
        let cache = arguments.cache.clone().or_else(|| cache_parameter(&function));
        if cache.is_none() {
            let message = "the gate needs a cache; give the function a parameter `cache: &Cache`, or name one: \
                           `#[gate(\"…\", cache = self.cache)]`";
            errors.at(&function.sig.ident, message);
        }
        Self { function, arguments, cache, lease, answer }
    }
}

/// The parameter of type `Lease` or `&Lease`, which callers do not give.
fn take_lease(function: &mut ItemFn) -> Option<PatType> {
    let is_lease = |input: &FnArg| matches!(input, FnArg::Typed(typed) if is_named(&typed.ty, "Lease"));
    let place = function.sig.inputs.iter().position(is_lease)?;
    let inputs = std::mem::take(&mut function.sig.inputs);
    let mut lease = None;
    for (number, input) in inputs.into_iter().enumerate() {
        match input {
            FnArg::Typed(typed) if number == place => lease = Some(typed),
            other => function.sig.inputs.push(other),
        }
    }
    lease
}

fn cache_parameter(function: &ItemFn) -> Option<Expr> {
    function.sig.inputs.iter().find_map(|input| match input {
        FnArg::Typed(typed) if is_named(&typed.ty, "Cache") => match &*typed.pat {
            Pat::Ident(name) => Some(expression(&name.ident)),
            _ => None,
        },
        _ => None,
    })
}

fn expression(name: &Ident) -> Expr {
    syn::parse_quote!(#name)
}

/// Whether a type, or what it refers to, has this name.
fn is_named(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Reference(reference) => is_named(&reference.elem, name),
        Type::Group(group) => is_named(&group.elem, name),
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == name && last.arguments.to_token_stream().is_empty()),
        _ => false,
    }
}
