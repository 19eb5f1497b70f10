//! What was measured as tables of Markdown, for those who read it elsewhere.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::cell::Cell;
use crate::report::{Report, folder, of_limit, ratio};
use crate::round::Spread;
use crate::targets::Target;
use crate::work::Outcome;

const TOLD: &str = "\
Ratios are times as fast: above 1, ours did more in the same time. Each is the median of rounds in which all have their turn, with its quarters \
(of fewer than eight rounds: the least and the most); beside it A/A, ours against ours in the same rounds. A row whose A/A is not within 0.9 and \
1.1 is undecided. The limit is what the server does of the same commands, packed beforehand, on eight sockets with two batches of 64 under way \
each; of bulk calls, one socket a caller.";

/// Writes them beside what was built.
pub(crate) fn write(report: &Report) -> Outcome<PathBuf> {
    let path = folder()?.join("versus.md");
    fs::write(&path, tables(report)?)?;
    Ok(path)
}

fn tables(report: &Report) -> Outcome<String> {
    let mut text = format!("{}; Redis {}, shared by server and clients", report.machine, report.server);
    for (bytes, size) in report.bytes.iter().zip(["small", "large"]) {
        write!(text, "; {size} documents of {bytes} bytes")?;
    }
    write!(text, ".\n\n{TOLD}\n")?;
    if let Some(noise) = report.noise() {
        writeln!(text, "\nNine of ten rounds of A/A were within {noise:.2} of 1.")?;
    }
    let (many, one): (Vec<_>, Vec<_>) = report.cells.iter().partition(|cell| cell.callers > 1);
    if !many.is_empty() {
        text.push_str("\n| many at once | documents | callers | µs a call | to redis-rs | A/A | to fred | to redis-om | of the limit | targets met |\n");
        text.push_str("|---|---|--:|--:|---|---|---|--:|--:|---|\n");
        for cell in many {
            writeln!(text, "{} {} | {} |", begin(cell), of_limit(cell), met(cell))?;
        }
    }
    if !one.is_empty() {
        text.push_str("\n| one at a time | documents | callers | µs a call | to redis-rs | A/A | to fred | to redis-om | remarks |\n");
        text.push_str("|---|---|--:|--:|---|---|---|--:|---|\n");
        for cell in one {
            writeln!(text, "{} {} |", begin(cell), if cell.is_undecided() { "undecided" } else { "" })?;
        }
    }
    if let Some(filled) = &report.migrated {
        text.push_str("\n| an index filled | seconds | to redis-rs | A/A |\n|---|--:|---|---|\n");
        let (seconds, hand, itself) = (filled.seconds.median, &filled.to_hand, &filled.to_itself);
        let documents = filled.documents;
        writeln!(text, "| {documents} documents | {seconds:.2} | {} | {} |", ratio(hand), ratio(itself))?;
    }
    for curve in &report.curves {
        let (title, x) = (&curve.title, curve.x);
        write!(text, "\n{title}:\n\n| {x} | calls a second | by hand | to redis-rs | A/A |\n")?;
        text.push_str("|--:|--:|--:|---|---|\n");
        for point in &curve.points {
            let (ours, hand) = (point.ours.median, point.redis.median);
            let (to_redis, to_itself) = (ratio(&point.to_redis), ratio(&point.to_itself));
            writeln!(text, "| {} | {ours:.0} | {hand:.0} | {to_redis} | {to_itself} |", point.x)?;
        }
    }
    if let Some(waiting) = report.waiting {
        let (ours, hand) = (waiting.ours, waiting.redis);
        writeln!(text, "\nA `get` that waits for its answer needs {ours} bytes, by hand {hand}.")?;
    }
    Ok(text)
}

/// What all tables begin with.
fn begin(cell: &Cell) -> String {
    let python = |spread: Spread| {
        let digits = usize::from(spread.median < 100.0);
        let other = if cell.redis_om_does_the_same { "" } else { " (not the same semantics)" };
        format!("{:.digits$}{other}", spread.median)
    };
    let resp3 =
        cell.to_redis_resp3.map_or_else(String::new, |spread| format!("; in RESP3 {}", ratio(&spread)));
    let by = |at: usize| cell.bulk.map_or(String::new(), |bulk| format!(" ({})", bulk[at]));
    format!(
        "| {} | {} | {} | {:.1} | {}{}{resp3} | {} | {}{} | {} |",
        cell.work,
        cell.size,
        cell.callers,
        cell.micros.median,
        ratio(&cell.to_redis),
        by(0),
        ratio(&cell.to_itself),
        ratio(&cell.to_fred),
        by(1),
        cell.to_redis_om.map_or_else(|| "-".to_owned(), python),
    )
}

/// What was to be reached, and whether it was.
fn met(cell: &Cell) -> String {
    if cell.is_undecided() {
        return "undecided".to_owned();
    }
    let said = |target: Target| format!("{} ≥ {}: {}", target.against, target.least, target.met.name());
    cell.targets().into_iter().map(said).collect::<Vec<_>>().join(", ")
}
