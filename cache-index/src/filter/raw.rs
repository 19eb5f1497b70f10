//! Raw queries: text of the query language that a program holds, with the values that it binds.

use crate::params::{Params, number_text};
use crate::raw_error::RawQueryError;
use crate::vector::{Vector, VectorElement};

/// A condition in RediSearch's own query language (dialect 2), for what has no typed form.
///
/// The text is part of the program: no `String` can get into it. Values are referred to by names of letters, digits and
/// underscores, `$name`, and bound to them.
///
/// ```
/// # use cache_index::{Filter, IndexSchema, QueryError, RawQuery, Schema};
/// # struct Book;
/// # impl IndexSchema for Book {
/// #     fn schema() -> &'static Schema {
/// #         static SCHEMA: Schema = Schema::new("Book", "book", "id", &[]);
/// #         &SCHEMA
/// #     }
/// # }
/// let raw = RawQuery::new("@title:($word) => {$weight: 2} @year:[$from +inf]").bind("word", "dune").bind("from", 1965);
/// let filter: Filter<Book> = Filter::raw(raw);
/// assert!(filter.render().is_ok());
/// assert!(Filter::<Book>::raw(RawQuery::new("@title:$word")).render().is_err());
/// # Ok::<(), QueryError>(())
/// ```
///
/// In a text that is bound the server reads no operators, and no several words: it is one term.
///
/// The server is not asked whether the text means something: a field that the index lacks (`@nope:{x}`) and a `*` that no
/// value has find nothing, without an error. Nor are its mistakes mended as they are for other filters: RediSearch 2.10.5 loses
/// documents where a negation stands beside something among alternatives, `(@a:{x} -@b:{y}|@c:{z}) @d:{w}`; write
/// `(-@b:{y}|-@b:{y})` there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a raw query does nothing until a filter is made of it"]
pub struct RawQuery {
    text: &'static str,
    values: Vec<(&'static str, Vec<u8>)>,
}

impl RawQuery {
    /// A raw query with this text.
    pub const fn new(text: &'static str) -> Self {
        Self { text, values: Vec::new() }
    }

    /// Binds a value to the name that stands in the text behind `$`.
    pub fn bind(mut self, name: &'static str, value: impl RawValue) -> Self {
        self.values.push((name, value.into_bytes()));
        self
    }

    pub(super) fn render(&self, text: &mut String, params: &mut Params) -> Result<(), RawQueryError> {
        for (name, value) in &self.values {
            if !params.bind_named(name, value) {
                return Err(RawQueryError::BoundTwice { name });
            }
        }
        text.push_str(self.text);
        Ok(())
    }

    /// The query, if its text and its values fit each other.
    pub(super) fn checked(self) -> Result<Self, RawQueryError> {
        let references = references(self.text)?;
        for (place, (name, _)) in self.values.iter().enumerate() {
            let is_number =
                |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if name.strip_prefix('p').is_some_and(is_number) {
                return Err(RawQueryError::Reserved { name });
            }
            if !references.contains(name) {
                return Err(RawQueryError::Unused { name });
            }
            if self.values.iter().take(place).any(|(other, _)| other == name) {
                return Err(RawQueryError::BoundTwice { name });
            }
        }
        match references.into_iter().find(|name| self.values.iter().all(|(bound, _)| bound != name)) {
            Some(name) => Err(RawQueryError::Unbound { name }),
            None => Ok(self),
        }
    }
}

/// The names behind `$` to which values are to be bound.
fn references(text: &'static str) -> Result<Vec<&'static str>, RawQueryError> {
    let mut names = Vec::new();
    let (mut depth, mut in_range, mut in_pattern) = (0_usize, false, false);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '\\' => rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default(),
            // A pattern may be bound as a whole.
            'w' if rest.starts_with("'$") => {
                rest = rest.get(1..).unwrap_or_default();
                in_pattern = true;
            }
            '\'' if in_pattern => in_pattern = false,
            '"' | '\'' => rest = behind_quote(rest, character),
            '[' => in_range = true,
            ']' => in_range = false,
            // In a range a parenthesis leaves the bound out, and has no other half.
            '(' if !in_range => depth += 1,
            ')' if !in_range => depth = depth.checked_sub(1).ok_or(RawQueryError::Form)?,
            '$' => {
                let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
                let name = rest.split(|character| !is_name(character)).next().unwrap_or_default();
                rest = rest.get(name.len()..).unwrap_or_default();
                // What a colon follows is an attribute: `=>{$weight: 2}`.
                if !name.is_empty() && !rest.trim_start().starts_with(':') {
                    names.push(name);
                }
            }
            _ => {}
        }
    }
    if depth > 0 || text.trim().is_empty() { Err(RawQueryError::Form) } else { Ok(names) }
}

/// What follows the other quote; all of it, if there is none.
fn behind_quote(text: &'static str, quote: char) -> &'static str {
    let mut escaped = false;
    for (place, character) in text.char_indices() {
        if character == quote && !escaped {
            return text.get(place + 1..).unwrap_or_default();
        }
        escaped = !escaped && character == '\\';
    }
    text
}

/// A value that can be bound to a name in a raw query: a string, a number, a vector, bytes.
///
/// The server reads of it what the place wants: a tag, a term, a number, the blob of a vector. In a tag it drops
/// a backslash before punctuation or blank.
///
/// ```
/// # use cache_index::*;
/// # struct Item;
/// # static SCHEMA: Schema = Schema::new("Item", "item", "id", &[]);
/// # impl IndexSchema for Item { fn schema() -> &'static Schema { &SCHEMA } }
/// use cache_index::{Filter, RawQuery, RawValue};
///
/// struct Sku(u32);
/// impl RawValue for Sku {
///     fn into_bytes(self) -> Vec<u8> {
///         format!("SKU-{}", self.0).into_bytes()
///     }
/// }
/// let filter = Filter::<Item>::raw(RawQuery::new("@sku:{$sku}").bind("sku", Sku(7)));
/// assert_eq!(filter.render()?.text(), "@sku:{$sku}");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be bound in a raw query",
    label = "strings, numbers, `&Vector` and bytes can",
    note = "convert it to what the index holds"
)]
pub trait RawValue {
    /// The value as it is sent.
    fn into_bytes(self) -> Vec<u8>;
}

macro_rules! values {
    ($($type:ty: |$value:ident| $bytes:expr;)*) => {$(
        impl RawValue for $type {
            fn into_bytes(self) -> Vec<u8> {
                let $value = self;
                $bytes
            }
        }
    )*};
}

values! {
    &str: |text| text.as_bytes().to_vec();
    String: |text| text.into_bytes();
    &String: |text| text.as_bytes().to_vec();
    &[u8]: |bytes| bytes.to_vec();
    Vec<u8>: |bytes| bytes;
    f64: |number| number_text(number).into_bytes();
    f32: |number| number.to_string().into_bytes();
}

macro_rules! integers {
    ($($type:ty)*) => {values! { $($type: |number| number.to_string().into_bytes();)* }};
}

integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

impl<T: VectorElement, const N: usize> RawValue for &Vector<T, N> {
    fn into_bytes(self) -> Vec<u8> {
        self.to_blob()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_attributes_and_quoted_text() {
        let text =
            r#"@a:($b) => { $weight : $c; $slop:1 } "x $no" @d:{w'$e'} @f:[($g +inf] \$h @i:{w'a$no'} it's"#;
        assert_eq!(references(text).unwrap(), ["b", "c", "e", "g"]);
    }

    #[test]
    fn a_text_that_would_reach_beyond_its_parentheses_is_refused() {
        for text in ["a) | (b", "(a", "a)", "", " "] {
            assert_eq!(RawQuery::new(text).checked(), Err(RawQueryError::Form), "{text}");
        }
        assert!(RawQuery::new(r#"(a) ")" \) @n:[(1 (2]"#).checked().is_ok());
    }

    #[test]
    fn names_and_values_must_fit() {
        let raw = RawQuery::new("@a:$a @b:$b").bind("a", "x");
        assert_eq!(raw.clone().checked(), Err(RawQueryError::Unbound { name: "b" }));
        let raw = raw.bind("b", 1);
        assert!(raw.clone().checked().is_ok());
        assert_eq!(raw.clone().bind("c", 1).checked(), Err(RawQueryError::Unused { name: "c" }));
        assert_eq!(raw.clone().bind("a", 1).checked(), Err(RawQueryError::BoundTwice { name: "a" }));
        let raw = RawQuery::new("@a:$p0").bind("p0", 1);
        assert_eq!(raw.checked(), Err(RawQueryError::Reserved { name: "p0" }));
    }
}
