//! Rounds: calls of one kind by so many callers at once, timed, and what many rounds say together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::work::{Outcome, Side, Work};

/// Below so many values there are no quarters: the spread is from the least to the most.
const QUARTERS: usize = 8;

/// What many rounds measured: the middle, and the quarters around it, or all of them where they are few.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
    pub(crate) values: usize,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (first, last) = (*values.first()?, *values.last()?);
        let count = values.len();
        // The same one twice, where there is one in the middle.
        let median = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
        let (low, high) = match count {
            ..QUARTERS => (first, last),
            _ => (at(&values, 0.25), at(&values, 0.75)),
        };
        Some(Self { low, median, high, values: count })
    }
}

/// The value below which such a part of them is, of sorted ones, of which there is one at least.
fn at(sorted: &[f64], part: f64) -> f64 {
    sorted[(part * (sorted.len() - 1) as f64).round() as usize]
}

/// What nine of ten values are not above.
pub(crate) fn most(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| at(&values, 0.9))
}

/// What is asked in a round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) work: Work,
    pub(crate) expected: u64,
    pub(crate) callers: u64,
    pub(crate) calls: u64,
}

/// Seconds that so many calls took.
pub(crate) async fn timed<S: Side>(side: &S, asked: Asked, first: u64) -> Outcome<f64> {
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut callers = Vec::new();
    for _ in 0..asked.callers {
        let (side, next) = (side.clone(), Arc::clone(&next));
        callers.push(tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= asked.calls {
                    return Ok(());
                }
                let answered = side.call(asked.work, first + n).await?;
                if answered != asked.expected {
                    let wrong =
                        format!("{} answered {answered} in place of {}", asked.work.name(), asked.expected);
                    return Outcome::Err(wrong.into());
                }
            }
        }));
    }
    for caller in callers {
        caller.await??;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// How many calls fill a round of this length, at least one for each caller; and how long they take.
pub(crate) async fn calls_in<S: Side>(
    side: &S,
    work: Work,
    expected: u64,
    callers: u64,
    length: Duration,
) -> Outcome<(u64, f64)> {
    let mut calls = callers;
    loop {
        let took = timed(side, Asked { work, expected, callers, calls }, 0).await?;
        let wanted = length.as_secs_f64();
        if took * 4.0 >= wanted {
            let fitting = ((calls as f64 * wanted / took) as u64).max(callers);
            return Ok((fitting, took * fitting as f64 / calls as f64));
        }
        calls *= 3;
    }
}
