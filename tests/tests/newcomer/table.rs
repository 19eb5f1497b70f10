//! The table of mistakes.

use libtest_mimic::Failed;

const TABLE: &str = include_str!("../../../cache-core/src/guide/mistakes.md");

/// A row: a mistake, what is seen, and the program that makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) program: &'static str,
    seen: [&'static str; 2],
}

/// All rows, in order.
pub(crate) fn rows() -> Vec<Row> {
    TABLE.lines().filter_map(Row::read).collect()
}

impl Row {
    /// A line `| mistake | message | help | `program` |`; the head of a table is none.
    fn read(line: &'static str) -> Option<Self> {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
        // A bar within a cell is `\|`, with no space before it.
        let cells: Vec<_> = cells.split(" | ").collect();
        let &[_, message, help, program] = &cells[..] else { return None };
        let program = program.strip_prefix('`')?.strip_suffix('`')?;
        Some(Self { program, seen: [message, help] })
    }

    /// Whether all that stands in the row stands there too, in order; `…` is anything.
    pub(crate) fn is_seen_in(&self, said: &str) -> Result<(), Failed> {
        for cell in self.seen {
            let mut rest = said;
            for part in cell.replace("\\|", "|").split('…').map(str::trim) {
                let Some(at) = rest.find(part) else {
                    return Err(format!("`{part}` is not in:\n{said}").into());
                };
                rest = &rest[at + part.len()..];
            }
        }
        Ok(())
    }
}
