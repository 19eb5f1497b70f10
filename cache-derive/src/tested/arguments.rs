//! The arguments of `#[cache_core::test(…)]`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, Path, Token, Type};

use crate::errors::Errors;

const TAKES: &str = "`#[cache_core::test]` takes `register(Model, …)`, `protocol` and `crate`";

/// What is said of the test.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) register: Vec<Type>,
    pub(super) protocol: Option<Expr>,
    pub(super) path: Option<Path>,
}

impl Arguments {
    pub(super) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut arguments = Self::default();
        let outcome = (|input: ParseStream<'_>| arguments.parse(input)).parse2(tokens);
        errors.absorb(outcome);
        arguments
    }

    fn parse(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        while !input.is_empty() {
            self.argument(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn argument(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name = input.call(Ident::parse_any)?.unraw();
        let word = name.to_string();
        let is_there = match word.as_str() {
            "register" => !self.register.is_empty(),
            "protocol" => self.protocol.is_some(),
            "crate" => self.path.is_some(),
            _ => return Err(syn::Error::new_spanned(&name, format!("unknown argument `{word}`; {TAKES}"))),
        };
        if is_there {
            let message = format!("`{word}` is written twice; keep one of them");
            return Err(syn::Error::new_spanned(name, message));
        }
        match word.as_str() {
            "register" => {
                if !input.peek(syn::token::Paren) {
                    let message = "expected the models whose indexes the test needs: `register(User, Order)`";
                    return Err(syn::Error::new_spanned(name, message));
                }
                let content;
                syn::parenthesized!(content in input);
                self.register =
                    Punctuated::<Type, Token![,]>::parse_terminated(&content)?.into_iter().collect();
                if self.register.is_empty() {
                    let message = "`register()` names no model; write `register(User)`, or take it away";
                    return Err(syn::Error::new_spanned(name, message));
                }
            }
            "protocol" => {
                input.parse::<Token![=]>()?;
                self.protocol = Some(input.parse()?);
            }
            _ => {
                input.parse::<Token![=]>()?;
                self.path = Some(input.call(Path::parse_mod_style)?);
            }
        }
        Ok(())
    }
}
