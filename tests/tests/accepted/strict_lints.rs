//! Generated code follows the strictest lints that its surroundings set.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    single_use_lifetimes,
    trivial_casts,
    unused_results,
    let_underscore_drop,
    redundant_lifetimes,
    variant_size_differences,
    nonstandard_style,
    rust_2018_idioms
)]
#![allow(dead_code)]

pub mod shop {
    //! A public module.

    use cache_core::CacheModel;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize)]
    struct Address {
        city: String,
    }

    /// A customer.
    #[derive(Debug, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "shop:customer", ttl = "1h")]
    pub struct Customer {
        #[primary_key]
        id: String,
        #[index(sortable)]
        email: String,
        #[index]
        age: Option<i64>,
        #[index(text)]
        notes: String,
        address: Address,
    }

    mod inner {
        use cache_core::CacheModel;
        use serde::{Deserialize, Serialize};

        #[derive(Debug, Serialize, Deserialize, CacheModel)]
        pub(crate) struct Visit {
            #[primary_key]
            id: String,
            #[index]
            customer: String,
        }
    }

    /// Not all that is generated is used.
    pub fn ages() -> usize {
        drop(inner::Visit::find_by_customer("ann"));
        Customer::AGE.def().name().to_string().len()
    }
}

#[test]
fn is_accepted() {
    assert_eq!(shop::ages(), 3);
}
