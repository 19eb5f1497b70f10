//! What the expansion of the derive names, but for the list of all models: an index is made by whoever wants it, and not by
//! every binary in which the feature is on.

/// As the crate's own.
pub(crate) mod __private {
    pub(crate) use crate::__private::*;

    macro_rules! unlisted {
        ($model:ty) => {};
    }
    pub(crate) use unlisted as register;
}
