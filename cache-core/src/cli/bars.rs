//! Bars that show how far indexes are filled, on a terminal.

use std::collections::HashMap;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::migrate::{Migrator, Progress};

/// A bar, and what stands beside it.
const KNOWN: &str = "{prefix} [{bar:40}] {pos} of {len} documents, {msg}";

/// The same where nobody knows how long it will become.
const UNKNOWN: &str = "{prefix} {spinner} {pos} documents, {msg}";

/// The same where another process is at work.
const WAITING: &str = "{prefix} {spinner} {msg}";

/// The migrator with bars; without, where nobody would see them.
pub(super) fn with_bars(migrator: Migrator) -> Migrator {
    if !stderr().is_terminal() {
        return migrator;
    }
    let bars = Bars {
        // Standard output has the answer.
        all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
        each: Mutex::default(),
    };
    migrator.progress(move |progress| bars.show(progress))
}

struct Bars {
    all: MultiProgress,
    each: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    fn show(&self, progress: &Progress) {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        let bar =
            each.entry(progress.index.clone()).or_insert_with(|| self.all.add(ProgressBar::no_length()));
        let template = match progress.total {
            _ if progress.waits_for.is_some() => WAITING,
            Some(_) => KNOWN,
            None => UNKNOWN,
        };
        // A template that cannot be read leaves the bar as it is.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        // More may come than were counted.
        if let Some(total) = progress.total {
            bar.set_length(total.max(progress.documents));
        }
        bar.set_prefix(progress.model);
        bar.set_message(beside(progress));
        bar.set_position(progress.documents);
        if progress.waits_for.is_some() {
            // It was cleared when the index was filled.
            if bar.is_finished() {
                bar.reset();
            }
            bar.tick();
        } else if progress.filled {
            // The answer says the rest.
            bar.finish_and_clear();
        }
    }
}

fn beside(progress: &Progress) -> String {
    if progress.waits_for.is_some() {
        return "waits for another process, which looks for documents that are missing".to_owned();
    }
    progress.pace()
}
