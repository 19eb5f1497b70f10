//! Bound values: every user value of a query, handed out as `$p0`, `$p1`, … and sent beside the text.

use std::collections::HashMap;

use crate::command::Command;

/// To look through so many values costs less than to hash one.
const FEW: usize = 16;

/// The values that a query binds. Values never become part of the query's text.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// let hostile = "x} | @admin:{true";
/// let rendered = User::EMAIL.eq(hostile).render()?;
/// assert_eq!(rendered.text(), "@email:{$p0}");
/// assert_eq!(rendered.params().values(), [hostile.as_bytes()]);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: Vec<Vec<u8>>,
    /// Their numbers, so that equal values share one; empty as long as they are few, and looked through.
    numbers: HashMap<Vec<u8>, usize>,
    /// What raw queries bind, by the names that stand in their text.
    named: Vec<(&'static str, Vec<u8>)>,
}

impl Params {
    /// Binds a value and writes its reference at the end of the query text.
    pub(crate) fn bind(&mut self, text: &mut String, value: impl Into<Vec<u8>>) {
        let number = self.number(value.into());
        text.push_str("$p");
        text.push_str(&number.to_string());
    }

    /// The number of a value.
    fn number(&mut self, value: Vec<u8>) -> usize {
        let next = self.values.len();
        if next < FEW {
            if let Some(number) = self.values.iter().position(|bound| *bound == value) {
                return number;
            }
        } else {
            if self.numbers.is_empty() {
                self.numbers.extend(self.values.iter().cloned().zip(0..));
            }
            let number = *self.numbers.entry(value.clone()).or_insert(next);
            if number < next {
                return number;
            }
        }
        self.values.push(value);
        next
    }

    /// Binds a number, and writes its reference at the end of the query text.
    pub(crate) fn bind_number(&mut self, text: &mut String, number: f64) {
        self.bind(text, number_text(number));
    }

    /// Binds a value by a name that stands in the text already; `false`: another value has it.
    pub(crate) fn bind_named(&mut self, name: &'static str, value: &[u8]) -> bool {
        if let Some((_, bound)) = self.named.iter().find(|(bound, _)| *bound == name) {
            return bound == value;
        }
        self.named.push((name, value.to_vec()));
        true
    }

    /// The values in the order of their numbers. What raw queries bind is not among them.
    pub fn values(&self) -> &[Vec<u8>] {
        &self.values
    }

    /// Appends `PARAMS n name value …` to a command, nothing if no value is bound.
    pub(crate) fn append_to(&self, mut command: Command) -> Command {
        let bound = self.values.len() + self.named.len();
        if bound == 0 {
            return command;
        }
        command = command.arg("PARAMS").arg_display(bound * 2);
        for (number, value) in self.values.iter().enumerate() {
            let name = |buffer: &mut Vec<u8>| {
                buffer.push(b'p');
                buffer.extend_from_slice(number.to_string().as_bytes());
            };
            command = command.arg_with(name).arg(value);
        }
        for (name, value) in &self.named {
            command = command.arg(name).arg(value);
        }
        command
    }
}

/// The shortest text that reads back as the same double: whole numbers of up to 15 digits are shorter without a point
/// and without an exponent.
pub(crate) fn number_text(number: f64) -> String {
    let whole = number.fract() == 0.0 && number.abs() < 1e15;
    if !whole || (number == 0.0 && number.is_sign_negative()) {
        return if whole { "-0".to_owned() } else { format!("{number:?}") };
    }
    // As a double it costs ten times as much to write.
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and of at most 15 digits")]
    let number = number as i64;
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_a_number_however_many_there_are() {
        let mut params = Params::default();
        let mut text = String::new();
        for _ in 0..2 {
            for value in 0..100_u32 {
                text.clear();
                params.bind(&mut text, value.to_string());
                assert_eq!(text, format!("$p{value}"));
            }
        }
        assert_eq!(params.values().len(), 100);
    }

    #[test]
    fn numbers_are_written_as_short_as_they_read_back() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (7.0, "7"),
            (-12.0, "-12"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e16"),
            (0.1, "0.1"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        ] {
            assert_eq!(number_text(number), text);
            assert_eq!(number_text(number).parse::<f64>().map(f64::to_bits), Ok(number.to_bits()));
        }
    }
}
