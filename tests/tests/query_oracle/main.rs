//! What a query means, decided twice: by the server, and here. One line a case, and what was counted on the last line.
//!
//! `cargo test -p cache-tests --test query_oracle`; a word behind `--` runs the cases whose names have it, and
//! `CACHE_TEST_TREES` in the environment says how many trees each protocol gets.

// A file imports from those before it: values, document, leaves, trees, hostile.

mod document;
mod hostile;
mod leaves;
mod trees;
mod values;

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
        [
            trial("the_server_and_accepts_agree", protocol, trees::the_server_and_accepts_agree),
            trial("no_value_changes_a_tree", protocol, hostile::no_value_changes_a_tree),
        ]
    });
    let conclusion = libtest_mimic::run(&arguments, cases.collect());
    if !arguments.list {
        println!("figures: {}", figures::line());
    }
    conclusion.exit();
}
