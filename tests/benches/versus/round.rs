//! Rounds: calls of one kind by so many callers at once, timed, and what many rounds say together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::work::{Outcome, Side, Work};

/// What many rounds measured: the middle, and the quarters around it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |part: f64| values[(part * last as f64).round() as usize];
        Some(Self { low: at(0.25), median: at(0.5), high: at(0.75) })
    }
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
