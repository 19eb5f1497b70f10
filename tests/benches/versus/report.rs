//! What was measured as a table, as JSON, and as the line of figures.

use std::env;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use crate::cell::{Cell, Effort};
use crate::migrate::Filled;
use crate::round::Spread;
use crate::scale::Curve;
use crate::waiting::Waiting;
use crate::work::Outcome;

/// All of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) server: String,
    pub(crate) effort: Effort,
    pub(crate) cells: Vec<Cell>,
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
        "call", "size", "callers", "µs a call", "to redis-rs", "to fred", "to itself", "redis-om", "of limit"
    );
}

/// A ratio, and the quarters around it.
fn ratio(spread: &Spread) -> String {
    format!("{:.2} [{:.2}, {:.2}]", spread.median, spread.low, spread.high)
}

pub(crate) fn row(cell: &Cell) {
    let or_none = |spread: &Option<Spread>, digits: usize| match spread {
        Some(spread) => format!("{:.digits$}", spread.median),
        None => "-".to_owned(),
    };
    println!(
        "{:<17} {:>5} {:>7} {:>10.1}  {:<18} {:<18} {:<18} {:>8} {:>9}",
        cell.work,
        cell.size,
        cell.callers,
        cell.micros.median,
        ratio(&cell.to_redis),
        ratio(&cell.to_fred),
        ratio(&cell.to_itself),
        or_none(&cell.to_redis_om, 1),
        or_none(&cell.to_limit, 2),
    );
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
        println!("{}\n{:>10} {:>12} {:>12}  to redis-rs", curve.title, curve.x, "calls/s", "by hand");
        for point in &curve.points {
            let (ours, hand) = (point.ours.median, point.redis.median);
            println!("{:>10} {ours:>12.0} {hand:>12.0}  {}", point.x, ratio(&point.to_redis));
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

    /// The medians of the ratios to the redis crate where many ask at once, and what else there is.
    pub(crate) fn figures(&self) -> String {
        let mut figures = vec![format!("cells {}", self.cells.len())];
        for cell in self.cells.iter().filter(|cell| cell.callers > 1) {
            figures.push(format!(
                "{} {} to redis-rs {:.2}",
                cell.work.replace(',', ""),
                cell.size,
                cell.to_redis.median
            ));
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

    /// How far ours is from itself in the middle of all cells.
    fn noise(&self) -> Option<f64> {
        let off = |cell: &Cell| (cell.to_itself.median - 1.0).abs();
        Spread::of(self.cells.iter().map(off).collect()).map(|off| off.median)
    }
}
