//! The arguments of `#[gate(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, LitBool, LitStr, Path, Token};

use crate::argument::milliseconds;
use crate::errors::Errors;

const TAKES: &str = "`#[gate]` takes the gate's key first, then `ttl`, `grace`, `at_least`, `max_hold`, `renew`, \
                     `on_error`, `on_unavailable`, `on_lost`, `durability`, `scope`, `layout`, `strict`, `cache`, \
                     `crate`";

/// In milliseconds, as the gate has them.
const SHORTEST_TTL: u64 = 100;
const LONGEST_STAY: u64 = 24 * 60 * 60 * 1_000;

/// What is said of the gate.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) key: Option<Expr>,
    /// Times, in milliseconds, by the names of the settings.
    pub(super) times: Vec<(Ident, u64)>,
    /// Expressions, by the names of the settings.
    pub(super) settings: Vec<(Ident, Expr)>,
    pub(super) strict: Option<Ident>,
    pub(super) cache: Option<Expr>,
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
        let named = input.peek(Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![==]);
        if input.is_empty() || named {
            let message = "the gate has no key; write it first: `#[gate(\"nightly\", ttl = \"5m\")]`";
            return Err(syn::Error::new(Span::call_site(), message));
        }
        self.key = Some(input.parse()?);
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            self.argument(input)?;
        }
        Ok(())
    }

    fn argument(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name = input.call(Ident::parse_any)?.unraw();
        let word = name.to_string();
        if self.has(&word) {
            return Err(syn::Error::new_spanned(
                name,
                format!("`{word}` is written twice; keep one of them"),
            ));
        }
        match word.as_str() {
            "ttl" | "grace" | "at_least" | "max_hold" => {
                let literal = string(input, &name)?;
                let time = milliseconds_of(&literal, &word)?;
                self.times.push((name, time));
            }
            "renew" => {
                input.parse::<Token![=]>()?;
                let literal: LitBool = input.parse().map_err(|error| {
                    syn::Error::new(error.span(), "expected `renew = true` or `renew = false`")
                })?;
                self.settings
                    .push((name, Expr::Lit(syn::ExprLit { attrs: Vec::new(), lit: Lit::Bool(literal) })));
            }
            "on_error" | "on_unavailable" | "on_lost" | "durability" | "scope" | "layout" => {
                input.parse::<Token![=]>()?;
                self.settings.push((name, input.parse()?));
            }
            "strict" => self.strict = Some(name),
            "cache" => {
                input.parse::<Token![=]>()?;
                self.cache = Some(input.parse()?);
            }
            "crate" => {
                input.parse::<Token![=]>()?;
                self.path = Some(input.call(Path::parse_mod_style)?);
            }
            _ => return Err(syn::Error::new_spanned(&name, format!("unknown argument `{word}`; {TAKES}"))),
        }
        Ok(())
    }

    fn has(&self, word: &str) -> bool {
        self.times.iter().any(|(name, _)| name == word)
            || self.settings.iter().any(|(name, _)| name == word)
            || (word == "strict" && self.strict.is_some())
            || (word == "cache" && self.cache.is_some())
            || (word == "crate" && self.path.is_some())
    }
}

fn string(input: ParseStream<'_>, name: &Ident) -> syn::Result<LitStr> {
    let example = format!("expected a duration in words: `{name} = \"5m\"`");
    if !input.peek(Token![=]) {
        return Err(syn::Error::new_spanned(name, example));
    }
    input.parse::<Token![=]>()?;
    input.parse().map_err(|error| syn::Error::new(error.span(), example))
}

fn milliseconds_of(literal: &LitStr, name: &str) -> syn::Result<u64> {
    let refused = |message: String| syn::Error::new_spanned(literal, message);
    let time = milliseconds(&literal.value(), name).map_err(refused)?;
    // What makes no sense whatever else is said; the rest is checked where all of it is known.
    match name {
        "ttl" if time < SHORTEST_TTL => {
            Err(refused(format!("a `ttl` under {SHORTEST_TTL} ms is shorter than a slow network's answer")))
        }
        "grace" | "at_least" if time > LONGEST_STAY => {
            Err(refused(format!("a `{name}` of more than a day is probably meant in another unit")))
        }
        _ => Ok(time),
    }
}
