//! `#[cache_core::test]`: an asynchronous test with a cache of its own.

mod arguments;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, Type};

use crate::errors::{Errors, collect};
use arguments::Arguments;

/// `#[cache_core::test(…)]`.
pub(crate) fn test(arguments: TokenStream, input: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(input.clone()) {
        Ok(function) => function,
        Err(_) => {
            let message =
                "`#[cache_core::test]` is for asynchronous functions with a body; put it on an `async fn`";
            let mut expansion = syn::Error::new(proc_macro2::Span::call_site(), message).into_compile_error();
            expansion.extend(input);
            return expansion;
        }
    };
    let (arguments, verdict) = collect(|errors| {
        check(&function, errors);
        Arguments::read(arguments, errors)
    });
    match verdict {
        Ok(()) => expand(function, &arguments),
        Err(error) => error.into_compile_error(),
    }
}

fn check(function: &ItemFn, errors: &mut Errors) {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        errors.at(signature.fn_token, "the test waits for the server; make it an `async fn`");
    }
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics, "a test cannot be generic; nobody would say with which types it runs");
    }
    if let Some(attribute) = function.attrs.iter().find(|attribute| is_test(attribute.path())) {
        errors.at(attribute, "`#[cache_core::test]` makes the test by itself; take this attribute away");
    }
    let mut inputs = signature.inputs.iter();
    match inputs.next() {
        None => errors.at(&signature.ident, "the test gets its cache as a parameter; write `(cache: Cache)`"),
        Some(FnArg::Receiver(receiver)) => {
            errors.at(receiver, "a test belongs to no value; take `self` away");
        }
        Some(FnArg::Typed(typed)) => {
            owned(&typed.ty, "the test owns its cache; write `cache: Cache`", errors);
        }
    }
    if let Some(FnArg::Typed(typed)) = inputs.next() {
        owned(&typed.ty, "the test owns its server; write `server: Server`", errors);
    }
    if let Some(third) = inputs.next() {
        errors.at(
            third,
            "a test gets a cache, and as a second parameter a server of its own; take this one away",
        );
    }
}

/// `#[test]`, `#[tokio::test]`, …
fn is_test(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident == "test")
}

fn owned(ty: &Type, message: &str, errors: &mut Errors) {
    if matches!(ty, Type::Reference(_)) {
        errors.at(ty, message);
    }
}

fn expand(function: ItemFn, arguments: &Arguments) -> TokenStream {
    let ItemFn { attrs, vis, sig, block, .. } = function;
    let core = arguments.path.as_ref().map_or_else(|| quote!(::cache_core), |path| quote!(#path));
    let (name, inputs, output) = (&sig.ident, &sig.inputs, &sig.output);
    let text = name.to_string();
    let registered =
        arguments.register.iter().map(|model| quote_spanned!(model.span()=> .register::<#model>()));
    let protocol = arguments.protocol.iter().map(|value| quote_spanned!(value.span()=> .protocol(#value)));
    let run = match inputs.len() {
        1 => quote!(run),
        _ => quote!(run_with_server),
    };
    quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #name() #output {
            async fn #name(#inputs) #output #block
            #core::testkit::Setup::new(::core::concat!(::core::module_path!(), "::", #text))
                #(#registered)*
                #(#protocol)*
                .#run(#name)
        }
    }
}
