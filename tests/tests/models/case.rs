//! One type in every shape that a field can have: what a model of it is to the cases.

use cache_core::{Filter, Indexed, Model};
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::sample::Sample;

/// Where a value is in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A field.
    Plain,
    /// In an `Option`.
    Option,
    /// In a list.
    Vec,
    /// A field of an embedded struct.
    Nested,
    /// A field of an embedded struct in an `Option`.
    NestedOption,
    /// A field of an embedded struct in a list.
    NestedVec,
}

/// All of them.
pub(crate) const SHAPES: [Shape; 6] =
    [Shape::Plain, Shape::Option, Shape::Vec, Shape::Nested, Shape::NestedOption, Shape::NestedVec];

/// The values of one document, by shape.
#[derive(Debug, Clone)]
pub(crate) struct Values<T> {
    pub(crate) plain: T,
    pub(crate) option: Option<T>,
    pub(crate) vec: Vec<T>,
    pub(crate) nested: T,
    pub(crate) nested_option: Option<T>,
    pub(crate) nested_vec: Vec<T>,
}

impl<T: Sample> Values<T> {
    /// Values of documents.
    pub(crate) fn strategy() -> BoxedStrategy<Self> {
        let one = T::strategy;
        let option = || proptest::option::weighted(0.8, one());
        let list = || proptest::collection::vec(one(), 0..4);
        (one(), option(), list(), one(), option(), list())
            .prop_map(|(plain, option, vec, nested, nested_option, nested_vec)| Self {
                plain,
                option,
                vec,
                nested,
                nested_option,
                nested_vec,
            })
            .boxed()
    }

    /// Those of one shape.
    pub(crate) fn of(&self, shape: Shape) -> Vec<&T> {
        match shape {
            Shape::Plain => vec![&self.plain],
            Shape::Option => self.option.iter().collect(),
            Shape::Vec => self.vec.iter().collect(),
            Shape::Nested => vec![&self.nested],
            Shape::NestedOption => self.nested_option.iter().collect(),
            Shape::NestedVec => self.nested_vec.iter().collect(),
        }
    }
}

/// What a filter for a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Exactly the documents that have an equal value.
    Equal,
    /// What `Filter::accepts` says.
    Accepts,
}

/// A model of one type in every shape.
pub(crate) trait Case: Model<PrimaryKey = u32> + Indexed + Clone {
    /// The type.
    type Value: Sample;
    /// What [`filter`](Case::filter) means.
    const MEANING: Meaning;

    /// The document with these values.
    fn new(id: u32, values: Values<Self::Value>) -> Self;

    /// Its number and its values.
    fn into_parts(self) -> (u32, Values<Self::Value>);

    /// What finds a value in this shape; `None`: there is nothing to search for.
    fn filter(shape: Shape, value: &Self::Value) -> Option<Filter<Self>>;

    /// What finds the document of this number.
    fn numbered(id: u32) -> Filter<Self>;
}

/// Makes a model of a type: `name: type, #[index…], lists #[index…], |field, value| a filter, its meaning;`. Where lists
/// are not indexed, nothing stands behind `lists`.
#[macro_export]
macro_rules! cases {
    ($($name:ident: $type:ty, $(#[$index:meta])+, lists $(#[$lists:meta])*, |$field:ident, $value:ident| $filter:expr, $meaning:ident;)*) => {$(
        #[allow(dead_code, unused_imports, reason = "not every model uses all that is made for it")]
        mod $name {
            use cache_core::{CacheEmbedded, CacheModel, Filter};
            use serde::{Deserialize, Serialize};

            use super::*;
            use $crate::case::{Case, Meaning, Shape, Values};

            #[derive(Debug, Clone, Serialize, Deserialize, CacheEmbedded)]
            struct Part {
                $(#[$index])+
                value: $type,
            }

            #[derive(Debug, Clone, Serialize, Deserialize, CacheEmbedded)]
            struct Element {
                $(#[$lists])*
                value: $type,
            }

            #[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
            pub(crate) struct Document {
                #[primary_key]
                #[index]
                number: u32,
                $(#[$index])+
                plain: $type,
                $(#[$index])+
                option: Option<$type>,
                $(#[$lists])*
                vec: Vec<$type>,
                #[embedded]
                nested: Part,
                #[embedded]
                nested_option: Option<Part>,
                #[embedded]
                nested_vec: Vec<Element>,
            }

            impl Case for Document {
                type Value = $type;
                const MEANING: Meaning = Meaning::$meaning;

                fn new(number: u32, values: Values<$type>) -> Self {
                    let part = |value| Part { value };
                    Self {
                        number,
                        plain: values.plain,
                        option: values.option,
                        vec: values.vec,
                        nested: part(values.nested),
                        nested_option: values.nested_option.map(part),
                        nested_vec: values.nested_vec.into_iter().map(|value| Element { value }).collect(),
                    }
                }

                fn into_parts(self) -> (u32, Values<$type>) {
                    let values = Values {
                        plain: self.plain,
                        option: self.option,
                        vec: self.vec,
                        nested: self.nested.value,
                        nested_option: self.nested_option.map(|part| part.value),
                        nested_vec: self.nested_vec.into_iter().map(|part| part.value).collect(),
                    };
                    (self.number, values)
                }

                fn filter(shape: Shape, $value: &$type) -> Option<Filter<Self>> {
                    Some(match shape {
                        Shape::Plain => { let $field = Self::PLAIN; $filter }
                        Shape::Option => { let $field = Self::OPTION; $filter }
                        Shape::Vec => {
                            $(if !stringify!($lists).is_empty() { let $field = Self::VEC; return Some($filter); })*
                            return None;
                        }
                        Shape::Nested => { let $field = Self::NESTED.value; $filter }
                        Shape::NestedOption => { let $field = Self::NESTED_OPTION.value; $filter }
                        Shape::NestedVec => {
                            $(if !stringify!($lists).is_empty() { let $field = Self::NESTED_VEC.value; return Some($filter); })*
                            return None;
                        }
                    })
                }

                fn numbered(id: u32) -> Filter<Self> {
                    Self::NUMBER.eq(id)
                }
            }
        }
    )*

        /// The cases of all types, for both protocols.
        pub(crate) fn trials() -> Vec<libtest_mimic::Trial> {
            let mut trials = Vec::new();
            $($crate::round_trip::add::<$name::Document>(&mut trials, stringify!($name));)*
            trials
        }
    };
}
