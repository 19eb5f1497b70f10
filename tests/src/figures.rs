//! What was counted, by the cases that ran.

use std::sync::{Mutex, PoisonError};

static COUNTED: Mutex<Vec<(&'static str, u64)>> = Mutex::new(Vec::new());

/// Adds to what is counted under this name.
pub fn add(name: &'static str, count: u64) {
    let mut counted = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    match counted.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known += count,
        None => counted.push((name, count)),
    }
}

/// Keeps the largest of what is told under this name.
pub fn max(name: &'static str, value: u64) {
    let mut counted = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    match counted.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = value.max(*known),
        None => counted.push((name, value)),
    }
}

/// All of it, as `name value, name value`.
pub fn line() -> String {
    let mut counted = COUNTED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    counted.sort_unstable();
    counted.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}
