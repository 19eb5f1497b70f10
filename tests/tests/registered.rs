//! `Migrator::all` finds the models of the libraries that a binary uses, whether or not anybody names these models.

use std::collections::HashSet;

use cache_core::{CacheModel, Migrator};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct OfTheBinary {
    #[primary_key]
    id: u64,
}

#[test]
fn models_of_a_library_are_found() {
    // A library that is used at all. The models are private in it.
    assert_eq!(cache_tests::chain(&std::fmt::Error), std::fmt::Error.to_string());
    let models: HashSet<_> = Migrator::all().schemas().iter().map(|schema| schema.model()).collect();
    for model in ["OfTheBinary", "Old", "New"] {
        assert!(models.contains(model), "{model} is not in {models:?}");
    }
}
