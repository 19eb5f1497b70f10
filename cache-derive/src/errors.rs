//! Mistakes: collected while the input is read, so that all of them are reported at once.

use std::fmt::Display;

use quote::ToTokens;

/// The mistakes found so far. Only [`collect`] makes one, so none can be dropped unread.
pub(crate) struct Errors(Option<syn::Error>);

/// Runs the work and hands out what it made of the input beside all mistakes that it found.
///
/// There is a value in either case: what was understood becomes stub impls, so that uses of a mistaken model
/// elsewhere do not add messages of their own.
pub(crate) fn collect<T>(work: impl FnOnce(&mut Errors) -> T) -> (T, syn::Result<()>) {
    let mut errors = Errors(None);
    let understood = work(&mut errors);
    (understood, errors.0.map_or(Ok(()), Err))
}

impl Errors {
    /// A mistake at these tokens. The message is lower case, has no full stop, and says what to write instead.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// The value, or nothing and one mistake more.
    pub(crate) fn absorb<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }
}
