//! Versions: which types count them.

/// A type that a `#[version]` field may have: `u32`, `u64`, `i32` or `i64`. It counts up from 0, a document that was
/// never saved, and is never negative.
///
/// ```
/// use cache_core::VersionValue;
///
/// assert_eq!(<u32 as VersionValue>::counted(7).count(), Some(7));
/// assert_eq!((-1_i64).count(), None);
/// assert_eq!(<u32 as VersionValue>::MOST, 4_294_967_295);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a `#[version]`",
    label = "no integer that counts versions",
    note = "give the field the type `u64`; `u32`, `i32` and `i64` will do too"
)]
pub trait VersionValue: Copy + sealed::Sealed {
    /// The highest version that the type counts to.
    const MOST: u64;

    /// The version as a number; `None`: it is negative.
    fn count(self) -> Option<u64>;

    /// The version that is this number, or the highest if it is beyond that.
    fn counted(number: u64) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! versions {
    ($($type:ty)*) => {$(
        impl sealed::Sealed for $type {}
        impl VersionValue for $type {
            const MOST: u64 = <$type>::MAX as u64;

            fn count(self) -> Option<u64> {
                u64::try_from(self).ok()
            }

            fn counted(number: u64) -> Self {
                Self::try_from(number).unwrap_or(Self::MAX)
            }
        }
    )*};
}

versions! { u32 u64 i32 i64 }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_never_negative_and_never_wrap() {
        assert_eq!((u64::MAX.count(), u64::counted(u64::MAX)), (Some(u64::MAX), u64::MAX));
        assert_eq!((i64::MOST, (-1_i64).count(), i64::counted(7)), (i64::MAX as u64, None, 7));
        assert_eq!(u32::counted(u64::MAX), u32::MAX);
    }
}
