//! One change of a partial update: where, how, with which values.

use cache_index::{Command, FieldDef};

use super::number::{NumberRange, Range};
use super::target::Target;
use crate::document::stamp::STAMP;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::patch_error::PatchError;

/// One change.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) target: Target,
    pub(super) kind: Kind,
    pub(super) arguments: Vec<Vec<u8>>,
}

/// How a member is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Set,
    Push,
    Remove,
    Integer,
    Single,
    Double,
    Version,
    Form,
}

impl Kind {
    /// How numbers of this range are added to.
    pub(super) fn of(range: NumberRange) -> Self {
        match range.0 {
            Range::Integers { .. } => Self::Integer,
            Range::Single => Self::Single,
            Range::Double => Self::Double,
        }
    }

    /// The script's word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Push => "push",
            Self::Remove => "remove",
            Self::Integer => "integer",
            Self::Single => "single",
            Self::Double => "double",
            Self::Version => "version",
            Self::Form => "form",
        }
    }
}

/// The change of the version that comes with changes of a model that has one.
fn next_version<M: Model>(changes: &[Change]) -> Result<Option<Change>> {
    let Some((member, most)) = M::schema().version().filter(|_| !changes.is_empty()) else { return Ok(None) };
    let target = Target::of(&FieldDef::stored(member)).map_err(refused::<M>)?;
    let arguments = ["1".to_owned(), "0".to_owned(), most.to_string()].map(String::into_bytes).into();
    Ok(Some(Change { target, kind: Kind::Version, arguments }))
}

/// The condition that the document has the form of the model, which the changes mean.
fn same_form<M: Model>(changes: &[Change]) -> Result<Option<Change>> {
    let Some(version) = M::SCHEMA_VERSION.filter(|_| !changes.is_empty()) else { return Ok(None) };
    let target = Target::of(&FieldDef::stored(STAMP)).map_err(refused::<M>)?;
    Ok(Some(Change { target, kind: Kind::Form, arguments: vec![version.to_string().into_bytes()] }))
}

/// The changes with what comes with them.
pub(super) fn complete<M: Model>(changes: Vec<Change>) -> Result<Vec<Change>> {
    let (form, version) = (same_form::<M>(&changes)?, next_version::<M>(&changes)?);
    // In front: what is wrong with the changes in an older form may be right in this one.
    Ok(form.into_iter().chain(changes).chain(version).collect())
}

impl Change {
    /// Appends the change as the script reads it.
    pub(super) fn write(call: Command, change: &Self) -> Command {
        call.arg(change.kind.word())
            .arg(&change.target.path)
            .arg(&change.target.parent)
            .arg_display(change.arguments.len())
            .args_from(&change.arguments)
    }

    /// Why the script did not make the change.
    pub(super) fn refusal(&self, why: &str, held: Option<String>) -> Option<PatchError> {
        let field = self.target.field.clone();
        Some(match why {
            "parent" => PatchError::NoParent { field },
            "list" => PatchError::NoList { field },
            "number" => PatchError::NoNumber { field, current: held },
            "range" => PatchError::OutOfRange {
                field,
                current: held.unwrap_or_default(),
                by: self.arguments.first().map(|by| String::from_utf8_lossy(by).into_owned())?,
            },
            _ => return None,
        })
    }
}

pub(super) fn refused<M: Model>(source: PatchError) -> Error {
    Error::Patch { model: M::schema().model(), source }
}
