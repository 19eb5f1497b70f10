//! The steps: ordered functions over the members of a document.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::error::DataMigrationError;
use crate::document::FIRST;
use crate::error::{BoxError, escaped};
use crate::model::JsonMap;

/// A function over the members of a document.
pub(super) type Change = Arc<dyn Fn(&mut JsonMap) -> Result<(), BoxError> + Send + Sync>;

/// What leads to a version, and maybe back.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) version: u32,
    pub(super) name: String,
    pub(super) up: Change,
    pub(super) down: Option<Change>,
    /// Documents by which it is told from what it was before.
    pub(super) samples: Vec<JsonMap>,
}

impl Step {
    /// What tells this step from another one: the function itself cannot be compared, but for what it makes of samples.
    pub(super) fn checksum(&self) -> String {
        use fmt::Write;
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(format!("{}\0{}", self.version, self.name)) {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("version", &self.version)
            .field("name", &self.name)
            .field("down", &self.down.is_some())
            .finish_non_exhaustive()
    }
}

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To the last version.
    Up,
    /// Back to this one.
    Down(u32),
}

/// What is to be done to a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing: it has the version.
    Unchanged,
    /// Nothing: it has a version that no step leads to.
    Newer,
    /// It was brought to this version.
    Changed(u32),
}

/// Why a document could not be changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error("no step leads on from its version {from}; run the release that had it first")]
    None { from: u32 },
    #[error("the step `{name}` to version {version} failed")]
    Failed { name: String, version: u32, source: BoxError },
}

/// Refuses steps that are not numbered one after the other.
pub(super) fn check(model: &'static str, steps: &[Step]) -> Result<(), DataMigrationError> {
    let mut next = None;
    for step in steps {
        if step.name.trim().is_empty() {
            return Err(DataMigrationError::NoName { model, version: step.version });
        }
        if step.version <= FIRST || next.is_some_and(|next| next != Some(step.version)) {
            return Err(DataMigrationError::Order { model, version: step.version, name: step.name.clone() });
        }
        next = Some(step.version.checked_add(1));
    }
    Ok(())
}

/// Applies the steps that a document of this version needs.
pub(super) fn apply(
    steps: &[Step],
    way: Way,
    from: u32,
    members: &mut JsonMap,
) -> Result<Outcome, StepError> {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Ok(Outcome::Unchanged) };
    let target = match way {
        Way::Up => last.version,
        Way::Down(target) => target,
    };
    if from > last.version {
        return Ok(Outcome::Newer);
    }
    let (done, needed): (bool, Vec<(&Step, Option<&Change>)>) = match way {
        Way::Up => {
            if from < first.version - 1 {
                return Err(StepError::None { from });
            }
            let needed = steps.iter().filter(|step| step.version > from);
            (from >= target, needed.map(|step| (step, Some(&step.up))).collect())
        }
        Way::Down(_) => {
            let needed = steps.iter().rev().filter(|step| step.version > target && step.version <= from);
            (from <= target, needed.map(|step| (step, step.down.as_ref())).collect())
        }
    };
    if done {
        return Ok(Outcome::Unchanged);
    }
    for (step, change) in needed {
        let change = change.ok_or(StepError::None { from })?;
        change(members).map_err(|source| StepError::Failed {
            name: step.name.clone(),
            version: step.version,
            source: escaped(source),
        })?;
    }
    Ok(Outcome::Changed(target))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn step(version: u32) -> Step {
        let push = move |members: &mut JsonMap, text: String| match members.get_mut("log") {
            Some(Value::Array(log)) => {
                log.push(text.into());
                Ok(())
            }
            _ => Err("no log".into()),
        };
        Step {
            version,
            name: format!("to {version}"),
            up: Arc::new(move |members| push(members, format!("+{version}"))),
            down: Some(Arc::new(move |members| push(members, format!("-{version}")))),
            samples: Vec::new(),
        }
    }

    fn applied(way: Way, from: u32) -> (String, String) {
        let mut members = json!({"log": []}).as_object().unwrap().clone();
        let steps: Vec<_> = (3..=5).map(step).collect();
        let outcome = match apply(&steps, way, from, &mut members) {
            Ok(outcome) => format!("{outcome:?}"),
            Err(error) => error.to_string(),
        };
        (outcome, members["log"].as_array().unwrap().iter().filter_map(Value::as_str).collect())
    }

    #[test]
    fn a_document_takes_the_steps_it_needs() {
        for (way, from, outcome, log) in [
            (Way::Up, 2, "Changed(5)", "+3+4+5"),
            (Way::Up, 4, "Changed(5)", "+5"),
            (Way::Up, 5, "Unchanged", ""),
            (Way::Up, 6, "Newer", ""),
            (Way::Down(2), 5, "Changed(2)", "-5-4-3"),
            (Way::Down(3), 4, "Changed(3)", "-4"),
            (Way::Down(3), 3, "Unchanged", ""),
            (Way::Down(3), 2, "Unchanged", ""),
            (Way::Down(2), 6, "Newer", ""),
            (Way::Up, 1, "no step leads on from its version 1; run the release that had it first", ""),
        ] {
            assert_eq!(applied(way, from), (outcome.to_owned(), log.to_owned()), "{way:?} {from}");
        }
    }

    #[test]
    fn what_a_step_says_is_escaped() {
        let up = Arc::new(|_: &mut JsonMap| Err("boom\u{1b}[31m".into()));
        let error = apply(&[Step { up, ..step(2) }], Way::Up, 1, &mut JsonMap::new()).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, r"boom\u{1b}[31m");
    }

    #[test]
    fn steps_are_numbered_one_after_the_other() {
        let ok =
            |versions: &[u32]| check("User", &versions.iter().map(|v| step(*v)).collect::<Vec<_>>()).is_ok();
        assert!(ok(&[]) && ok(&[2]) && ok(&[7, 8, 9]));
        for bad in [&[1][..], &[0], &[2, 4], &[2, 2], &[3, 2], &[u32::MAX, 1]] {
            assert!(!ok(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_step_has_a_name() {
        for name in ["", " ", "\t\n"] {
            let error = check("User", &[Step { name: name.to_owned(), ..step(2) }]).unwrap_err();
            assert!(matches!(error, DataMigrationError::NoName { version: 2, .. }), "{error:?}");
        }
    }

    #[test]
    fn a_checksum_is_of_version_and_name() {
        let (two, three) = (step(2), step(3));
        assert_ne!(two.checksum(), three.checksum());
        assert_ne!(two.checksum(), Step { version: 3, ..two.clone() }.checksum());
        assert_eq!(two.checksum(), step(2).checksum());
        assert_eq!(two.checksum().len(), 64);
    }
}
