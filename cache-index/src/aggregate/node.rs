//! Expressions as untyped trees, and the text of them that the server's parser reads.
//!
//! Parameters do not reach expressions, so their values are written into the text: here, and nowhere else.

use crate::aggregate_error::AggregateError;
use crate::error::QueryError;
use crate::schema::FieldDef;

/// How deep expressions may be nested: the parser has a stack of 100 symbols, and puts up to four on it a level.
const DEEPEST: usize = 20;

/// How many parts an expression may have: the server evaluates it recursively.
const MOST_PARTS: usize = 1_000;

/// How many pieces a string may be written in.
const MOST_PIECES: usize = 64;

/// What an expression, or a column, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// A number.
    Number,
    /// A string.
    Text,
    /// A boolean.
    Bool,
}

impl ValueType {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Number => "numbers",
            Self::Text => "strings",
            Self::Bool => "booleans",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Node {
    Field(FieldDef),
    /// A column, and what it must hold.
    Column(&'static str, Option<ValueType>),
    Number(f64),
    Text(String),
    Infix(&'static str, Box<(Node, Node)>),
    Not(Box<Node>),
    Call(&'static str, Vec<Node>),
    /// Whether the field or the column has a value.
    Exists(Box<Node>),
    Invalid(QueryError),
}

impl Node {
    pub(super) fn infix(operator: &'static str, left: Self, right: Self) -> Self {
        Self::Infix(operator, Box::new((left, right)))
    }
}

/// A field or a column as an expression reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operand {
    /// `@f0`.
    pub(super) text: String,
    /// What it is called in messages.
    pub(super) name: String,
    /// The test whether it is there, if it may be missing.
    pub(super) presence: Option<String>,
}

/// What expressions may read: the fields of a row, or the columns of a group.
pub(super) trait Scope {
    fn field(&mut self, field: &FieldDef) -> Result<Operand, QueryError>;
    fn column(&mut self, name: &str, wanted: Option<ValueType>) -> Result<Operand, QueryError>;
}

/// Writes the expression. `present` are the operands that are known to be there.
pub(super) fn render(node: &Node, scope: &mut dyn Scope, present: &[Operand]) -> Result<String, QueryError> {
    let mut writer = Writer { text: String::new(), scope, present: present.to_vec(), parts: 0 };
    writer.write(node, 0)?;
    Ok(writer.text)
}

/// The operands that are there wherever the expression is true.
pub(super) fn implied(node: &Node, scope: &mut dyn Scope) -> Result<Vec<Operand>, QueryError> {
    match node {
        Node::Infix("&&", both) => {
            let mut operands = implied(&both.0, scope)?;
            operands.extend(implied(&both.1, scope)?);
            Ok(operands)
        }
        Node::Exists(what) => Ok(vec![operand(what, scope)?]),
        _ => Ok(Vec::new()),
    }
}

fn operand(node: &Node, scope: &mut dyn Scope) -> Result<Operand, QueryError> {
    match node {
        Node::Field(field) => scope.field(field),
        Node::Column(name, wanted) => scope.column(name, *wanted),
        Node::Invalid(error) => Err(error.clone()),
        // Nothing else can be made an operand of `exists`.
        _ => Err(too_deep()),
    }
}

fn too_deep() -> QueryError {
    AggregateError::TooDeep { most: DEEPEST, parts: MOST_PARTS }.into()
}

struct Writer<'a> {
    text: String,
    scope: &'a mut dyn Scope,
    present: Vec<Operand>,
    parts: usize,
}

impl Writer<'_> {
    fn write(&mut self, node: &Node, depth: usize) -> Result<(), QueryError> {
        self.parts += 1;
        if depth > DEEPEST || self.parts > MOST_PARTS {
            return Err(too_deep());
        }
        match node {
            Node::Field(_) | Node::Column(..) => {
                let operand = operand(node, self.scope)?;
                if operand.presence.is_some() && !self.present.contains(&operand) {
                    return Err(AggregateError::MayBeMissing { name: operand.name }.into());
                }
                self.text.push_str(&operand.text);
            }
            Node::Number(number) => self.text.push_str(&number_text(*number)?),
            Node::Text(text) => self.text.push_str(&string_text(text)?),
            Node::Infix(operator, both) => {
                let (left, right) = &**both;
                // The parser knows no precedence within arithmetic, nor between `&&` and `||`.
                let chained = matches!(left, Node::Infix(same, _) if same == operator)
                    && matches!(*operator, "+" | "*" | "&&" | "||");
                if chained {
                    self.write(left, depth)?;
                } else {
                    self.write_part(left, depth)?;
                }
                self.text.push_str(operator);
                // The lexer takes the minus sign of `@a-1` for the number's.
                if *operator == "-" {
                    self.text.push(' ');
                }
                // The right side is only evaluated where the left one is true.
                let known = self.present.len();
                if *operator == "&&" {
                    self.present.extend(implied(left, self.scope)?);
                }
                self.write_part(right, depth)?;
                self.present.truncate(known);
            }
            Node::Not(inner) => {
                self.text.push('!');
                self.write_part(inner, depth)?;
            }
            Node::Call(function, arguments) => {
                self.text.push_str(function);
                self.text.push('(');
                for (number, argument) in arguments.iter().enumerate() {
                    if number > 0 {
                        self.text.push(',');
                    }
                    self.write(argument, depth + 1)?;
                }
                self.text.push(')');
            }
            Node::Exists(what) => {
                let operand = operand(what, self.scope)?;
                match operand.presence {
                    Some(test) if test.contains("&&") => self.text.push_str(&format!("({test})")),
                    Some(test) => self.text.push_str(&test),
                    None => self.text.push('1'),
                }
            }
            Node::Invalid(error) => return Err(error.clone()),
        }
        Ok(())
    }

    /// Writes an operand of an operator: in parentheses, unless it is one thing.
    fn write_part(&mut self, node: &Node, depth: usize) -> Result<(), QueryError> {
        if !matches!(node, Node::Infix(..) | Node::Not(_)) {
            return self.write(node, depth);
        }
        self.text.push('(');
        self.write(node, depth + 1)?;
        self.text.push(')');
        Ok(())
    }
}

/// The test whether a field that was loaded as this alias has a value.
///
/// `exists` alone takes `null` for a value, and the literal `NULL` of RediSearch 2.10.5 is good for one row only. But
/// `to_str` makes `null` an empty string, and `format` makes it `(null)`.
pub(super) fn presence_of_field(alias: &str) -> String {
    format!("exists({alias})&&({})", presence_of_key(alias))
}

/// The same for the key of a group, which is `null` where it was missing.
pub(super) fn presence_of_key(alias: &str) -> String {
    format!("to_str({alias})==format(\"%s\",{alias})")
}

/// The number as the lexer of expressions reads it back: digits, a point, an exponent without a plus sign. A minus sign
/// stands in parentheses.
pub(super) fn number_text(number: f64) -> Result<String, QueryError> {
    if !number.is_finite() {
        return Err(AggregateError::NotFinite { value: number.to_string() }.into());
    }
    let whole = number.fract() == 0.0 && number.abs() < 1e15;
    let text = if whole { format!("{number:.0}") } else { format!("{number:?}") };
    Ok(if text.starts_with('-') { format!("({text})") } else { text })
}

/// The string as the lexer of expressions reads it back.
///
/// A quote and a line feed are escaped. A backslash is the difficulty: before a letter or a digit it stands for itself,
/// but before punctuation or a blank it is removed, however many there are. It survives only as the last character of a
/// literal, so the string is cut behind it and put together again by `format`. The lexer takes the longest literal it
/// finds, and would read such a last backslash as the escape of the quote if another quote followed on the line, so
/// the line ends there.
pub(super) fn string_text(text: &str) -> Result<String, QueryError> {
    if text.contains('\0') {
        return Err(AggregateError::NulCharacter.into());
    }
    let mut pieces = vec![String::from('"')];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let cut = character == '\\' && !characters.peek().is_some_and(char::is_ascii_alphanumeric);
        let goes_on = characters.peek().is_some();
        let Some(piece) = pieces.last_mut() else { break };
        if matches!(character, '"' | '\n') {
            piece.push('\\');
        }
        piece.push(character);
        if cut {
            piece.push_str("\"\n");
            if goes_on {
                pieces.push(String::from('"'));
            }
        }
    }
    if let Some(piece) = pieces.last_mut()
        && !piece.ends_with("\\\"\n")
    {
        piece.push('"');
    }
    if pieces.len() > MOST_PIECES {
        return Err(AggregateError::Backslashes { count: pieces.len() - 1, most: MOST_PIECES - 1 }.into());
    }
    Ok(match pieces.len() {
        1 => pieces.concat(),
        several => format!("format(\"{}\",{})", "%s".repeat(several), pieces.join(",")),
    })
}
