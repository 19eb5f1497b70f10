//! What was measured as a table, as JSON, and as the line of figures.

use std::env;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use crate::cell::{Cell, Effort};
use crate::migrate::Filled;
use crate::round::{Spread, most};
use crate::scale::Curve;
use crate::targets::{Met, Target};
use crate::waiting::Waiting;
use crate::work::{Outcome, Work};

/// All of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) server: String,
    pub(crate) effort: Effort,
    /// How many bytes the documents have, of each size.
    pub(crate) bytes: Vec<usize>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) targets: Vec<Target>,
    pub(crate) migrated: Option<Filled>,
    pub(crate) curves: Vec<Curve>,
    pub(crate) waiting: Option<Waiting>,
    /// How long all of it took.
    pub(crate) seconds: u64,
}

/// The processor and the number of its cores, where the system tells.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name =
        told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    format!("{} cores of {}", cores, name.unwrap_or("a processor without a name"))
}

/// Where the files go: the target directory.
pub(crate) fn folder() -> Outcome<PathBuf> {
    // The program is in `<target>/release/deps`.
    let program = env::current_exe()?;
    Ok(program.ancestors().nth(3).ok_or("no target directory")?.to_owned())
}

pub(crate) fn head() {
    println!(
        "{:<17} {:>5} {:>7} {:>10}  {:<18} {:<18} {:<18} {:>8} {:>9}",
        "call", "size", "callers", "µs a call", "to redis-rs", "to itself", "to fred", "redis-om", "of limit"
    );
}

/// A ratio, and the quarters around it.
pub(crate) fn ratio(spread: &Spread) -> String {
    format!("{:.2} [{:.2}, {:.2}]", spread.median, spread.low, spread.high)
}

pub(crate) fn row(cell: &Cell) {
    let python = cell.to_redis_om.map_or_else(|| "-".to_owned(), |python| format!("{:.1}", python.median));
    println!(
        "{:<17} {:>5} {:>7} {:>10.1}  {:<18} {:<18} {:<18} {:>8} {:>9}{}",
        cell.work,
        cell.size,
        cell.callers,
        cell.micros.median,
        ratio(&cell.to_redis),
        ratio(&cell.to_itself),
        ratio(&cell.to_fred),
        python,
        of_limit(cell),
        remarks(cell).map(|remark| format!("  {remark}")).collect::<String>(),
    );
}

/// The part of the server's limit, where what was measured is one.
pub(crate) fn of_limit(cell: &Cell) -> String {
    match cell.of_limit {
        Some(_) if cell.is_over_the_limit() => "no limit".to_owned(),
        Some(part) => format!("{:.2}", part.median),
        None => "-".to_owned(),
    }
}

/// What is to be known about a row.
pub(crate) fn remarks(cell: &Cell) -> impl Iterator<Item = String> {
    let undecided = cell.is_undecided().then(|| "undecided".to_owned());
    let bulk = cell.bulk.map(|[redis, fred]| format!("by hand {redis}, fred {fred}"));
    let same = cell.to_redis_om.is_none() || cell.redis_om_does_the_same;
    let semantics = (!same).then(|| "redis-om: not the same semantics".to_owned());
    let resp3 = cell.to_redis_resp3.map(|spread| format!("redis-rs in RESP3 {}", ratio(&spread)));
    [undecided, bulk, semantics, resp3].into_iter().flatten()
}

/// What the migrator needed.
pub(crate) fn filled(filled: &Filled) {
    println!(
        "migrate {} documents: {:.2} s; times as fast as by hand {}, as itself {}",
        filled.documents,
        filled.seconds.median,
        ratio(&filled.to_hand),
        ratio(&filled.to_itself),
    );
}

/// A table for each curve.
pub(crate) fn curves(curves: &[Curve]) {
    for curve in curves {
        println!(
            "{}\n{:>10} {:>12} {:>12}  {:<18} to itself",
            curve.title, curve.x, "calls/s", "by hand", "to redis-rs"
        );
        for point in &curve.points {
            let (ours, hand) = (point.ours.median, point.redis.median);
            let (to_redis, to_itself) = (ratio(&point.to_redis), ratio(&point.to_itself));
            println!("{:>10} {ours:>12.0} {hand:>12.0}  {to_redis:<18} {to_itself}", point.x);
        }
    }
}

impl Report {
    /// Writes it beside what was built: what there is, also where the rest fails.
    pub(crate) fn write(&self) -> Outcome<PathBuf> {
        let path = folder()?.join("versus.json");
        fs::write(&path, serde_json::to_string_pretty(self)?)?;
        Ok(path)
    }

    /// The medians of the ratios to the redis crate where many ask at once, of the calls with targets the others too, and what else there is.
    pub(crate) fn figures(&self) -> String {
        let mut figures = vec![format!("cells {}", self.cells.len())];
        for cell in self.cells.iter().filter(|cell| cell.callers > 1) {
            let mut said = format!(
                "{} {} to redis-rs {:.2}",
                cell.work.replace(',', ""),
                cell.size,
                cell.to_redis.median
            );
            if let Some(resp3) = cell.to_redis_resp3 {
                said.push_str(&format!(" in RESP3 {:.2}", resp3.median));
            }
            if matches!(cell.kind, Work::Get | Work::Save | Work::Tag) {
                said.push_str(&format!(" A/A {:.2}", cell.to_itself.median));
                if let Some(python) = cell.to_redis_om {
                    said.push_str(&format!(" to redis-om {:.1}", python.median));
                }
                said.push_str(&format!(" of limit {}", of_limit(cell)));
            }
            figures.push(said);
        }
        let met = |wanted| self.targets.iter().filter(|target| target.met == wanted).count();
        if !self.targets.is_empty() {
            let (yes, no, open) = (met(Met::Yes), met(Met::No), met(Met::Undecided));
            figures.push(format!("targets met {yes} missed {no} undecided {open}"));
        }
        if let Some(filled) = &self.migrated {
            figures.push(format!("migrate {} to redis-rs {:.2}", filled.documents, filled.to_hand.median));
        }
        for curve in &self.curves {
            if let Some(last) = curve.points.last() {
                figures.push(format!(
                    "{} at {} {} {:.0} a second",
                    curve.name, last.x, curve.x, last.ours.median
                ));
            }
        }
        if let Some(waiting) = self.waiting {
            figures.push(format!("get that waits {} bytes, by hand {}", waiting.ours, waiting.redis));
        }
        figures.push(format!("seconds {}", self.seconds));
        if let Some(noise) = self.noise() {
            figures.push(format!("noise {noise:.2}"));
        }
        figures.join(", ")
    }

    /// How far ours is from ours at most in nine of ten rounds.
    pub(crate) fn noise(&self) -> Option<f64> {
        let rounds = self.cells.iter().flat_map(|cell| &cell.to_itself_by_round);
        most(rounds.map(|ratio| (ratio - 1.0).abs()).collect())
    }
}
