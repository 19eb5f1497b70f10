//! Columns of rows: what the server's texts mean, decided by what was asked for and never by how a text looks.

use super::node::ValueType;
use crate::error::DecodeError;
use crate::reply::Reply;

/// How a column comes, and what it is called here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// The user's name.
    pub(super) name: String,
    /// The server's name: `r0`.
    pub(super) alias: String,
    pub(super) holds: Holds,
    /// The column that says whether there is a value: 0, and what comes is none.
    pub(super) presence: Option<String>,
    /// Whether it is a count, of which the server writes all digits.
    pub(super) is_count: bool,
    /// The column with the digits that the server leaves out of a number.
    pub(super) rest: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    One(ValueType),
    /// Values of this type; numbers as two, the digits and the rest.
    List(ValueType),
}

impl Holds {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::One(value) => value.name(),
            Self::List(_) => "lists",
        }
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Cell>),
}

/// The largest integer that a double tells from its neighbours.
const MAX_EXACT: u64 = (1 << 53) - 1;

impl Column {
    /// The value in a row, whose columns are found by `part`.
    pub(super) fn read<'a>(&self, part: impl Fn(&str) -> Option<&'a Reply>) -> Result<Cell, DecodeError> {
        let wrong =
            |reason: &str| DecodeError::Column { column: self.name.clone(), reason: reason.to_owned() };
        if let Some(presence) = &self.presence
            && part(presence).and_then(Reply::as_double).is_none_or(|present| present == 0.0)
        {
            return Ok(Cell::Null);
        }
        match (self.holds, part(&self.alias)) {
            (_, None | Some(Reply::Nil)) => Ok(Cell::Null),
            (Holds::One(ValueType::Number), Some(value)) => {
                let rest = self.rest.as_deref().and_then(part);
                number(value, rest).ok_or_else(|| wrong("the server answered no number"))
            }
            (Holds::One(value), Some(reply)) => one(value, reply).map_err(wrong),
            (Holds::List(value), Some(Reply::Array(items))) => {
                let items = items.iter().filter(|item| **item != Reply::Nil);
                items.map(|item| one(value, item)).collect::<Result<_, _>>().map(Cell::List).map_err(wrong)
            }
            (Holds::List(_), Some(_)) => Err(wrong("the server answered no list")),
        }
    }
}

/// A value, or a list's element, where numbers come as two.
fn one(value: ValueType, reply: &Reply) -> Result<Cell, &'static str> {
    let text = || reply.as_str().ok_or("the server answered bytes that are no text");
    match value {
        ValueType::Text => Ok(Cell::Text(text()?.to_owned())),
        ValueType::Bool => match (reply.as_double(), reply.as_str()) {
            (Some(number), _) => Ok(Cell::Bool(number != 0.0)),
            (None, Some("true")) => Ok(Cell::Bool(true)),
            (None, Some("false")) => Ok(Cell::Bool(false)),
            _ => Err("the server answered no boolean"),
        },
        ValueType::Number => {
            let (digits, rest) = text()?.split_once(' ').ok_or("the server answered no number")?;
            let part = |text: &str| Reply::Bulk(bytes::Bytes::copy_from_slice(text.as_bytes()));
            number(&part(digits), Some(&part(rest))).ok_or("the server answered no number")
        }
    }
}

/// The number whose first twelve digits and whose rest the server wrote. Whole ones come in full.
///
/// The rest is what the number's amount lacks, so it has few digits itself, and the sum is rounded to the number.
fn number(digits: &Reply, rest: Option<&Reply>) -> Option<Cell> {
    let rest = rest.and_then(Reply::as_double).filter(|rest| rest.is_finite()).unwrap_or_default();
    // Twelve digits alone may look whole.
    if rest == 0.0
        && let Some(whole) = digits.as_str().and_then(|text| text.parse::<i64>().ok())
        && whole.unsigned_abs() <= MAX_EXACT
    {
        return Some(Cell::Int(whole));
    }
    // What is beyond is a double, which readers of integers refuse.
    let digits = digits.as_double()?;
    Some(Cell::Float((digits.abs() + rest).copysign(digits)))
}
