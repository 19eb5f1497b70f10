//! What is counted without the feature `metrics`: nothing.

use std::time::Duration;

use cache_index::Command;

pub(crate) fn describe_metrics() {}

#[derive(Debug)]
pub(crate) struct Call;

impl Call {
    pub(crate) fn begin(_: Option<&'static str>, _: &[Command], _: impl Fn(&Command) -> &str) -> Self {
        Self
    }

    pub(crate) fn was_not_sent(&mut self) {}

    pub(crate) fn ended(
        &mut self,
        _: Option<&'static str>,
        _: impl Iterator<Item = &'static str>,
        _: impl FnOnce() -> usize,
    ) {
    }
}

#[derive(Debug, Default)]
pub(crate) struct Generations;

impl Generations {
    pub(crate) fn see(&self, _: impl FnOnce() -> u64) {}
}

#[derive(Debug)]
pub(crate) struct Degraded;

impl Degraded {
    pub(crate) fn begin() -> Self {
        Self
    }
}

pub(crate) fn gate(_: &'static str) {}

pub(crate) fn gate_held(_: Duration) {}

pub(crate) fn gate_waited(_: Duration) {}

pub(crate) fn load(_: &'static str, _: &'static str) {}

pub(crate) fn loader(_: &'static str, _: &'static str) {}
