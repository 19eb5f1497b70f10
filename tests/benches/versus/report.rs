//! What was measured as a table, as JSON, and as the line of figures.

use std::env;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use crate::cell::{Cell, Effort};
use crate::migrate::Filled;
use crate::round::Spread;
use crate::scale::Curve;
use crate::work::Outcome;

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) server: String,
    pub(crate) effort: Effort,
    pub(crate) cells: Vec<Cell>,
    pub(crate) migrated: Option<Filled>,
    pub(crate) curves: Vec<Curve>,
    /// Bytes that a call needs which waits for its answer: ours, and the redis crate's.
    pub(crate) waiting: Option<(u64, u64)>,
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

pub(crate) fn row(cell: &Cell) {
    let ratio = |spread: &Spread| format!("{:.2} [{:.2}, {:.2}]", spread.median, spread.low, spread.high);
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

impl Report {
    /// Writes it beside what was built, and says where.
    pub(crate) fn write(&self) -> Outcome<()> {
        let path = folder()?.join("versus.json");
        fs::write(&path, serde_json::to_string_pretty(self)?)?;
        println!("{}", path.display());
        Ok(())
    }

    /// The medians of the ratios to the redis crate where many ask at once, small documents.
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
