//! What a query means, decided twice: by the server, and here. One line a case, and what was counted on the last line.
//!
//! `cargo test -p cache-tests --test query_oracle`; a word behind `--` runs the cases whose names have it, and
//! `CACHE_TEST_TREES` in the environment says how many trees each protocol gets.

// A file imports from those before it: values, pool, document, wide, asked, leaves, terms, trees, strings,
// hostile, hostile_rows.

mod asked;
mod document;
mod hostile;
mod hostile_rows;
mod leaves;
mod pool;
mod strings;
mod terms;
mod trees;
mod values;
mod wide;

use std::future::Future;

use cache_core::{Cache, Protocol};
use cache_tests::figures;
use libtest_mimic::{Arguments, Trial};

fn trial<F: Future<Output = ()>>(
    name: &'static str,
    protocol: Protocol,
    body: impl FnOnce(Cache) -> F + Send + 'static,
) -> Trial {
    let shown = match protocol {
        Protocol::Resp2 => "resp2",
        _ => "resp3",
    };
    Trial::test(format!("{shown}::{name}"), move || {
        cache_tests::run(&format!("{name}-{shown}"), protocol, body);
        Ok(())
    })
}

fn main() {
    let arguments = Arguments::from_args();
    let cases = [Protocol::Resp3, Protocol::Resp2].into_iter().flat_map(|protocol| {
        // Other trees for each.
        let seed = if protocol == Protocol::Resp2 { 8 } else { 7 };
        [
            trial("trees_over_few_values", protocol, move |cache| trees::trees_over_few_values(cache, seed)),
            trial("trees_over_many_values", protocol, move |cache| {
                trees::trees_over_many_values(cache, seed)
            }),
            trial("no_value_changes_a_tree", protocol, hostile::no_value_changes_a_tree),
            trial(
                "expressions_take_values_as_they_are",
                protocol,
                hostile_rows::expressions_take_values_as_they_are,
            ),
            trial("columns_have_any_name", protocol, hostile_rows::columns_have_any_name),
            trial("suggestions_are_what_was_added", protocol, hostile_rows::suggestions_are_what_was_added),
        ]
    });
    let conclusion = libtest_mimic::run(&arguments, cases.collect());
    if !arguments.list {
        println!("figures: {}", figures::line());
    }
    conclusion.exit();
}
