//! Composite primary keys: tuples of two to four primary keys, and what may stand for them in a call.

use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

use super::{DocumentKey, Id, IdPart, PrimaryKey, ReadKey, read_part};

macro_rules! composites {
    ($($key:ident $id:ident $part:ident),*) => {
        impl<$($key: PrimaryKey),*> DocumentKey for ($($key,)*) {
            type Ref<'a>
                = ($(&'a $key,)*)
            where
                Self: 'a;

            fn borrowed(&self) -> Self::Ref<'_> {
                let ($($part,)*) = self;
                ($($part,)*)
            }
        }

        impl<$($key: PrimaryKey, $id: IdPart<$key>),*> Id<($($key,)*)> for ($($id,)*) {
            fn parts<R>(&self, with: impl FnOnce(&[&dyn Display]) -> R) -> R {
                let ($($part,)*) = self;
                with(&[$($part),*])
            }
        }

        impl<$($key: PrimaryKey, $id: IdPart<$key>),*> Id<($($key,)*)> for &($($id,)*) {
            fn parts<R>(&self, with: impl FnOnce(&[&dyn Display]) -> R) -> R {
                (*self).parts(with)
            }
        }

        impl<$($key),*> ReadKey for ($($key,)*)
        where
            $($key: PrimaryKey + FromStr<Err: Into<Box<dyn Error + Send + Sync>>>),*
        {
            fn read(parts: &[String]) -> Result<Self, Box<dyn Error + Send + Sync>> {
                match parts {
                    [$($part),*] => Ok(($(read_part($part)?,)*)),
                    _ => Err("a primary key of several fields has a part for each".into()),
                }
            }
        }
    };
}

composites! { K1 I1 first, K2 I2 second }
composites! { K1 I1 first, K2 I2 second, K3 I3 third }
composites! { K1 I1 first, K2 I2 second, K3 I3 third, K4 I4 fourth }
