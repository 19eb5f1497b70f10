//! Documents that an index lacks, as far as the server's counter of failures tells between two counts.

/// How many documents an index lacks at most. The server's counter only grows, and begins anew with the index: by what it
/// grew since documents were counted, so many more may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failures {
    missing: u64,
    counted: u64,
    connection: u64,
    last: u64,
}

impl Failures {
    /// So many were missing when they were counted on this connection; what the counter said just before.
    pub(super) fn counted(missing: u64, counter: u64, connection: u64) -> Self {
        Self { missing, counted: counter, connection, last: counter }
    }

    /// What the counter says now.
    pub(super) fn saw(&mut self, counter: u64) {
        self.last = counter;
    }

    /// How many documents are missing at most.
    pub(super) fn most(self) -> u64 {
        match self.last.checked_sub(self.counted) {
            Some(more) => self.missing.saturating_add(more),
            None => self.last,
        }
    }

    /// Whether documents are to be counted to know better: also on another connection, behind which the server may have
    /// started anew, and its counter come to the same number by other documents.
    pub(super) fn is_due(self, connection: u64) -> bool {
        self.last != self.counted || self.last > 0 && self.connection != connection
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_bounds_what_is_missing_until_it_is_counted() {
        let mut failures = Failures::default();
        failures.saw(2);
        assert_eq!((failures.most(), failures.is_due(0)), (2, true));
        let mut failures = Failures::counted(1, 5, 0);
        assert_eq!((failures.most(), failures.is_due(0), failures.is_due(1)), (1, false, true));
        failures.saw(7);
        assert_eq!((failures.most(), failures.is_due(0)), (3, true));
        // Another index, or the same after the server started anew.
        failures.saw(4);
        assert_eq!((failures.most(), failures.is_due(0)), (4, true));
        assert!(!Failures::counted(0, 0, 0).is_due(9));
    }
}
