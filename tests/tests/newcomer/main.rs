//! The mistakes of the first day, and what whoever makes them sees: the table of the guide (`cache_core::guide::mistakes`), row
//! by row; and what can go wrong when a server is provided. One line each, and what was counted on the last line.
//!
//! `cargo test -p cache-tests --test newcomer`; a word behind `--` runs the rows whose names have it.

// A file imports from those before it: table, at_run_time, mirror, provisioning, leaks.

mod at_run_time;
#[cfg(unix)]
mod leaks;
#[cfg(unix)]
mod mirror;
#[cfg(unix)]
mod provisioning;
mod table;

use cache_core::Protocol;
use cache_tests::figures;
use libtest_mimic::{Arguments, Failed, Trial};
use table::Row;

/// What stands in the table in this row is what the compiler says of its program.
fn compiled(row: &Row) -> Result<(), Failed> {
    let file = format!("{}/tests/ui/{}.stderr", env!("CARGO_MANIFEST_DIR"), row.program);
    let said = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    figures::add("mistakes that the compiler names", 1);
    row.is_seen_in(&said)
}

/// What stands in the table in this row is what the mistake leads to, with each protocol.
fn ran(row: &Row) -> Result<(), Failed> {
    let Some((_, mistake)) = at_run_time::MISTAKES.iter().find(|(name, _)| *name == row.program) else {
        return Err("no mistake of this name is made here".into());
    };
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let mut said = String::new();
        cache_tests::run(row.program, protocol, async |cache| said = mistake(cache).await);
        row.is_seen_in(&said)?;
    }
    figures::add("mistakes that are named at run time", 1);
    Ok(())
}

#[cfg(unix)]
fn faults() -> Vec<Trial> {
    let trial = |(name, fault): &(&'static str, fn())| {
        let fault = *fault;
        Trial::test(*name, move || {
            fault();
            Ok(())
        })
    };
    provisioning::FAULTS.iter().chain(leaks::ENDS).map(trial).collect()
}

#[cfg(not(unix))]
fn faults() -> Vec<Trial> {
    Vec::new()
}

fn main() {
    if cache_tests::child::has_role() {
        let runtime = tokio::runtime::Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
        return runtime.block_on(cache_tests::child::act());
    }
    let arguments = Arguments::from_args();
    let rows = table::rows();
    let is_live = |row: &Row| !row.program.contains('/');
    let mut trials: Vec<_> = rows
        .iter()
        .map(|row| {
            let row = *row;
            Trial::test(row.program.replace('/', "::"), move || {
                if is_live(&row) { ran(&row) } else { compiled(&row) }
            })
        })
        .collect();
    let in_table = move |name: &str| rows.iter().any(|row| row.program == name);
    trials.push(Trial::test("each_mistake_is_in_the_table", move || {
        match at_run_time::MISTAKES.iter().find(|(name, _)| !in_table(name)) {
            Some((name, _)) => Err(format!("{name} is in no row").into()),
            None => Ok(()),
        }
    }));
    trials.extend(faults());
    let conclusion = libtest_mimic::run(&arguments, trials);
    println!("figures: {}", figures::line());
    conclusion.exit();
}
