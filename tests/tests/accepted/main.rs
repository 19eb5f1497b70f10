//! What is accepted, however unusual. One subject a file, with the lints that matter to it; what is refused is in `ui`.

// Lints that hold for whole crates only.
#![deny(future_incompatible, non_ascii_idents, rust_2024_compatibility)]
#![allow(unreachable_pub)]

mod composite_keys;
mod crate_path;
mod embedded_names;
mod embedded_of_another_module;
mod field_names;
mod form_of_a_module;
mod in_function;
mod macro_rules;
mod raw_identifiers;
mod serde_names;
pub mod strict_lints;
mod types;
pub mod views;
mod without_index;
