//! Places: where in the user's source generated code is located, which decides what the compiler says, and where.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Ident, Token, Type, Visibility};

/// Located there, but resolved like the rest of the expansion: lints leave what is generated alone.
pub(super) fn call_site_at(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// Where generated code that mentions a field's type is located.
///
/// The compiler reports a type that does not fit once for every place that mentions it, and drops messages that
/// are the same to the letter, the place included. So all of it is located at one token of the type.
pub(super) fn span_of(ty: &Type) -> Span {
    call_site_at(ty.span())
}

/// The type with all of it at the one place, for code whose every message is to be the same to the letter.
pub(super) fn at_one_place(ty: &Type) -> TokenStream {
    fn moved(tokens: TokenStream, span: Span) -> TokenStream {
        tokens
            .into_iter()
            .map(|mut token| {
                if let TokenTree::Group(group) = &token {
                    let inner = moved(group.stream(), span);
                    token = Group::new(group.delimiter(), inner).into();
                }
                token.set_span(span);
                token
            })
            .collect()
    }
    moved(ty.to_token_stream(), span_of(ty))
}

/// The same name at another place.
pub(super) fn located(name: &Ident, span: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(span);
    name
}

/// The struct's visibility, without the place that `unreachable_pub` would blame for every generated item.
pub(super) fn visibility(vis: &Visibility) -> Visibility {
    match vis {
        Visibility::Public(_) => Visibility::Public(Token![pub](Span::call_site())),
        other => other.clone(),
    }
}
