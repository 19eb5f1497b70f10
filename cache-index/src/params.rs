//! Bound values: every user value of a query, handed out as `$p0`, `$p1`, … and sent beside the text.

use crate::command::Command;

/// The values that a query binds. Values never become part of the query's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: Vec<Vec<u8>>,
}

impl Params {
    /// Binds a value and writes its reference at the end of the query text.
    pub(crate) fn bind(&mut self, text: &mut String, value: impl Into<Vec<u8>>) {
        text.push_str("$p");
        text.push_str(&self.values.len().to_string());
        self.values.push(value.into());
    }

    /// Binds a number, and writes its reference at the end of the query text.
    pub(crate) fn bind_number(&mut self, text: &mut String, number: f64) {
        // The shortest text that reads back as the same double: whole numbers of up to 15 digits are shorter without a
        // point and without an exponent.
        let whole = number.fract() == 0.0 && number.abs() < 1e15;
        self.bind(text, if whole { format!("{number:.0}") } else { format!("{number:?}") });
    }

    /// The values in the order of their numbers.
    pub fn values(&self) -> &[Vec<u8>] {
        &self.values
    }

    /// Appends `PARAMS n name value …` to a command, nothing if no value is bound.
    pub(crate) fn append_to(&self, mut command: Command) -> Command {
        if self.values.is_empty() {
            return command;
        }
        command = command.arg("PARAMS").arg_display(self.values.len() * 2);
        for (number, value) in self.values.iter().enumerate() {
            command = command.arg_display(format_args!("p{number}")).arg(value);
        }
        command
    }
}
