//! Which way the documents are brought, said in the record before the first one is changed, and asked by the server with each
//! change. Whoever begins the other way has the turn from then on: what is under way changes nothing more, and is told.

use bytes::Bytes;

use super::error::DataMigrationError;
use super::step::Way;
use crate::document::OnlyIf;

/// The field of the record.
pub(super) const TURN: &str = "turn";

/// A turn: several processes that go the same way share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Counts how often the way was changed, so that one that was there and back again is not taken for the same.
    number: u64,
    way: Way,
}

impl Turn {
    /// The turn of whoever goes this way now, with steps up to this version, where this one is recorded.
    pub(super) fn following(recorded: Option<Self>, way: Way, last: u32) -> Self {
        match recorded {
            Some(there) if there.allows(way, last) => there,
            there => Self { number: there.map_or(0, |there| there.number).saturating_add(1), way },
        }
    }

    /// The turn that whoever has this one goes on with, where that one is recorded; `None`: the documents went another way
    /// meanwhile, which the next one says, or one before it.
    pub(super) fn going_on(self, now: Self, way: Way, last: u32) -> Option<Self> {
        // A record that was deleted begins anew.
        let is_next = now.number <= self.number.saturating_add(1);
        (is_next && now.allows(way, last)).then_some(now)
    }

    /// Whether whoever goes this way, with steps up to this version, undoes nothing of this turn, nor has what it did undone by it: a
    /// run of an older release beside a revert to its version.
    fn allows(self, way: Way, last: u32) -> bool {
        match (self.way, way) {
            (Way::Down(version), Way::Up) => last <= version,
            (there, way) => there == way,
        }
    }

    /// As it is recorded.
    pub(super) fn text(self) -> String {
        match self.way {
            Way::Up => format!("{} up", self.number),
            Way::Down(version) => format!("{} down {version}", self.number),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let number = words.next()?.parse().ok()?;
        let way = match words.next()? {
            "up" => Way::Up,
            "down" => Way::Down(words.next()?.parse().ok()?),
            _ => return None,
        };
        Some(Self { number, way })
    }

    /// What a change of a document depends on.
    pub(super) fn condition(self, record: Bytes) -> OnlyIf {
        OnlyIf { key: record, field: TURN, value: self.text().into() }
    }

    /// What whoever had this turn is told when this one is recorded.
    pub(super) fn lost_to(self, now: Self, model: &'static str) -> DataMigrationError {
        match (self.way, now.way) {
            (Way::Down(_), Way::Up) => DataMigrationError::RunBegun { model },
            // Back at the same version: a run was begun between.
            (Way::Down(one), Way::Down(other)) if one == other => DataMigrationError::RunBegun { model },
            (Way::Up, _) | (Way::Down(_), Way::Down(_)) => DataMigrationError::RevertBegun { model },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_changes_the_way_has_a_turn_of_its_own() {
        let mut recorded = None;
        for (way, text) in [
            (Way::Up, "1 up"),
            (Way::Up, "1 up"),
            (Way::Down(1), "2 down 1"),
            (Way::Down(1), "2 down 1"),
            (Way::Down(2), "3 down 2"),
            (Way::Up, "4 up"),
        ] {
            let turn = Turn::following(recorded, way, 9);
            assert_eq!((turn.text().as_str(), Turn::read(text)), (text, Some(turn)));
            recorded = Some(turn);
        }
        for text in ["", "up", "1", "1 down", "x up", "1 left"] {
            assert_eq!(Turn::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_run_of_an_older_release_is_in_nobodys_way() {
        let turn = |text| Turn::read(text).unwrap();
        let back = turn("7 down 2");
        assert_eq!(Turn::following(Some(back), Way::Up, 2), back);
        assert_eq!(Turn::following(Some(back), Way::Up, 3), turn("8 up"));
        assert_eq!(turn("6 up").going_on(back, Way::Up, 2), Some(back));
        assert_eq!(turn("6 up").going_on(back, Way::Up, 3), None);
        // It goes on beside a newer one too.
        assert_eq!(back.going_on(turn("8 up"), Way::Up, 2), Some(turn("8 up")));
        // What was there and back is another one, unless the record begins anew.
        assert_eq!(turn("1 up").going_on(turn("3 up"), Way::Up, 2), None);
        assert_eq!(turn("5 up").going_on(turn("1 up"), Way::Up, 2), Some(turn("1 up")));
    }

    #[test]
    fn it_is_told_what_was_begun() {
        let told = |mine: &str, now: &str| {
            let turn = |text| Turn::read(text).unwrap();
            match turn(mine).lost_to(turn(now), "User") {
                DataMigrationError::RevertBegun { .. } => "RevertBegun",
                DataMigrationError::RunBegun { .. } => "RunBegun",
                other => panic!("{other}"),
            }
        };
        for (mine, now, error) in [
            ("1 up", "2 down 1", "RevertBegun"),
            ("1 up", "3 up", "RevertBegun"),
            ("2 down 1", "3 up", "RunBegun"),
            ("2 down 1", "4 down 1", "RunBegun"),
            ("2 down 1", "3 down 2", "RevertBegun"),
        ] {
            assert_eq!(told(mine, now), error, "{mine} {now}");
        }
    }
}
