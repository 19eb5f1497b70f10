//! `#[gate(…)]`: an asynchronous function that one process at a time runs.

mod arguments;
mod expand;
mod function;

use proc_macro2::TokenStream;
use syn::ItemFn;

use crate::errors::collect;
use arguments::Arguments;
use function::Gated;

/// `#[gate(…)]`.
pub(crate) fn gate(arguments: TokenStream, input: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(input.clone()) {
        Ok(function) => function,
        Err(_) => return not_a_function(input),
    };
    let (gated, verdict) = collect(|errors| {
        let arguments = Arguments::read(arguments, errors);
        Gated::read(function, arguments, errors)
    });
    match verdict {
        Ok(()) => expand::expand(gated),
        // The function as it is: uses of it then make no messages of their own.
        Err(error) => {
            let mut expansion = error.into_compile_error();
            expansion.extend(input);
            expansion
        }
    }
}

fn not_a_function(input: TokenStream) -> TokenStream {
    let message = "`#[gate]` is for asynchronous functions and methods with a body; put it on an `async fn`";
    let mut expansion = syn::Error::new(proc_macro2::Span::call_site(), message).into_compile_error();
    expansion.extend(input);
    expansion
}
