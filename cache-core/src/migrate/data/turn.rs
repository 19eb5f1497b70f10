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
    /// The turn of whoever goes this way now, of which this one is recorded.
    pub(super) fn following(recorded: Option<Self>, way: Way) -> Self {
        match recorded {
            Some(there) if there.way == way => there,
            there => Self { number: there.map_or(0, |there| there.number).saturating_add(1), way },
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
            let turn = Turn::following(recorded, way);
            assert_eq!((turn.text().as_str(), Turn::read(text)), (text, Some(turn)));
            recorded = Some(turn);
        }
        for text in ["", "up", "1", "1 down", "x up", "1 left"] {
            assert_eq!(Turn::read(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_told_what_was_begun() {
        let told = |mine: &str, now: &str| {
            let turn = |text| Turn::read(text).unwrap();
            format!("{:?}", turn(mine).lost_to(turn(now), "User"))
        };
        for (mine, now, error) in [
            ("1 up", "2 down 1", "RevertBegun"),
            ("1 up", "3 up", "RevertBegun"),
            ("2 down 1", "3 up", "RunBegun"),
            ("2 down 1", "4 down 1", "RunBegun"),
            ("2 down 1", "3 down 2", "RevertBegun"),
        ] {
            assert!(told(mine, now).starts_with(error), "{mine} {now}");
        }
    }
}
