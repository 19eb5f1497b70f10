//! `#[derive(CacheValue)]`: a newtype is indexed as what it holds, an enum without data as its name.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, Member, Type};

use super::place::{at_one_place, span_of};
use crate::value::{Shape, Value};

/// The implementations; none for a value that was not understood.
pub(super) fn expand(value: &Value) -> TokenStream {
    let Value { name, path, shape } = value;
    let path = path.as_ref().map_or_else(|| quote!(::cache_core), ToTokens::to_token_stream);
    let implementations = match shape {
        Some(Shape::Newtype(member, ty)) => newtype(name, member, ty),
        Some(Shape::Enum) => name_of_enum(name),
        None => return TokenStream::new(),
    };
    quote! {
        const _: () = {
            use #path::__private as __cache;
            #implementations
        };
    }
}

fn newtype(name: &Ident, member: &Member, ty: &Type) -> TokenStream {
    let (span, ty) = (span_of(ty), at_one_place(ty));
    // What the inner type may lack is asked for under a binder (`for<'x>`): without one, the compiler would refuse
    // the implementation in place of leaving it out.
    let words = ["SortableValue", "TextValue", "VectorValue", "FlatValue", "ShapeValue", "ListValue"]
        .map(|word| Ident::new(word, span));
    let finders = ["Numeric", "Text"].map(|kind| {
        let kind = Ident::new(kind, span);
        quote_spanned! {span=>
            impl<S> __cache::FindBy<S, __cache::#kind> for #name
            where
                #ty: __cache::FindBy<S, __cache::#kind>,
            {
                fn into_filter<M, V: __cache::IndexValue<Scalar = S>, O>(
                    self,
                    field: __cache::Field<M, V, __cache::#kind, O>,
                ) -> __cache::Filter<M> {
                    __cache::FindBy::into_filter(self.#member, field)
                }
            }
        }
    });
    quote_spanned! {span=>
        impl __cache::IndexValue for #name {
            type Kind = __cache::KindOf<#ty>;
            type Scalar = __cache::ScalarOf<#ty>;
            const JSON: __cache::JsonType = <#ty as __cache::IndexValue>::JSON;
            const STEP: __cache::Step = <#ty as __cache::IndexValue>::STEP;
            const OPTIONAL: bool = <#ty as __cache::IndexValue>::OPTIONAL;
        }
        impl<K: __cache::Kind> __cache::Indexable<K> for #name where #ty: __cache::Indexable<K> {}
        impl __cache::ScalarValue for #name
        where
            for<'x> #ty: __cache::ScalarValue,
        {
            type ElementKind = <#ty as __cache::ScalarValue>::ElementKind;
            type Element = <#ty as __cache::ScalarValue>::Element;
        }
        #(impl __cache::#words for #name where for<'x> #ty: __cache::#words {})*
        impl __cache::UniqueValue for #name
        where
            for<'x> #ty: __cache::UniqueValue,
        {
            type Unique = <#ty as __cache::UniqueValue>::Unique;
            const UNIQUE_JSON: __cache::JsonType = <#ty as __cache::UniqueValue>::UNIQUE_JSON;
        }
        impl<V> __cache::Operand<V> for #name
        where
            #ty: __cache::Operand<V>,
        {
            fn into_comparand(self) -> __cache::Comparand {
                __cache::Operand::<V>::into_comparand(self.#member)
            }
        }
        impl<'x, V> __cache::Operand<V> for &'x #name
        where
            &'x #ty: __cache::Operand<V>,
        {
            fn into_comparand(self) -> __cache::Comparand {
                __cache::Operand::<V>::into_comparand(&self.#member)
            }
        }
        #(#finders)*
    }
}

fn name_of_enum(name: &Ident) -> TokenStream {
    quote! {
        impl __cache::IndexValue for #name {
            type Kind = __cache::Tag;
            type Scalar = Self;
            const JSON: __cache::JsonType = __cache::JsonType::String;
            const STEP: __cache::Step = __cache::Step::One;
        }
        impl __cache::Indexable<__cache::Tag> for #name {}
        impl __cache::ScalarValue for #name {
            type ElementKind = __cache::Tag;
            type Element = Self;
        }
        impl __cache::SortableValue for #name {}
        impl __cache::UniqueValue for #name {
            type Unique = Self;
            const UNIQUE_JSON: __cache::JsonType = __cache::JsonType::String;
        }
        impl __cache::Operand<#name> for #name {
            fn into_comparand(self) -> __cache::Comparand {
                __cache::Comparand::named(&self)
            }
        }
        impl __cache::Operand<#name> for &#name {
            fn into_comparand(self) -> __cache::Comparand {
                __cache::Comparand::named(self)
            }
        }
    }
}
