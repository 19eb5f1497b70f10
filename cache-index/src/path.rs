//! Where a field is within its document: through which embedded structs, and which of them are lists.

use std::fmt;

use serde_json::Value;

/// How a step of a path goes from a member to what is indexed.
///
/// ```
/// use cache_index::{FieldDef, IndexValue, Step};
///
/// assert_eq!(<Vec<String> as IndexValue>::STEP, Step::Each);
/// assert_eq!(FieldDef::inferred::<Vec<String>>("tags", "tags").path(), "$.tags[*]");
/// assert_eq!(<Option<String> as IndexValue>::STEP, Step::One);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// To the member itself.
    One,
    /// To each element of the member, which is a list: `[*]`.
    Each,
    /// To each value of the member, which is a map: `.*`.
    Values,
    /// Nowhere: the member's own members stand in its place (`#[serde(flatten)]`).
    Flat,
}

/// An embedded struct within a document: a member, and the embedded structs around it.
///
/// ```
/// use cache_index::{FieldPath, Step};
///
/// static ORDERS: FieldPath = FieldPath::new(None, "orders", "orders", Step::Each);
/// static ADDRESS: FieldPath = FieldPath::new(Some(&ORDERS), "address", "address", Step::One);
/// assert!(ADDRESS.is_many(), "each of the orders has one");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldPath {
    parent: Option<&'static FieldPath>,
    member: &'static str,
    name: &'static str,
    step: Step,
    optional: bool,
}

impl FieldPath {
    /// The embedded struct that is stored as this member of the parent, or of the document itself. Its part of the
    /// fields' search names is `name`.
    pub const fn new(
        parent: Option<&'static FieldPath>,
        member: &'static str,
        name: &'static str,
        step: Step,
    ) -> Self {
        Self { parent, member, name, step, optional: false }
    }

    /// The same embedded struct, which a document may lack.
    pub const fn optional(self, optional: bool) -> Self {
        Self { optional, ..self }
    }

    /// Whether a document may lack it.
    pub(crate) const fn is_optional(&self) -> bool {
        self.optional
    }

    /// The embedded struct around it.
    pub(crate) const fn parent(&self) -> Option<&'static Self> {
        self.parent
    }

    /// The member that it is stored as; of a flattened one, the field that holds it.
    pub(crate) const fn member(&self) -> &'static str {
        self.member
    }

    /// Refuses, in const evaluation, one that is no member: a flattened struct.
    #[expect(clippy::panic, reason = "it is a message of the compiler")]
    pub(crate) const fn assert_member(&self) {
        if matches!(self.step, Step::Flat) {
            panic!(
                "a flattened struct is no member of the document, so that no view can read it whole; read its fields"
            );
        }
    }

    /// How to get from the member to it.
    pub(crate) const fn step(&self) -> Step {
        self.step
    }

    /// Whether the document has many of it: it or one around it is in a list.
    pub const fn is_many(&self) -> bool {
        if matches!(self.step, Step::Each | Step::Values) {
            return true;
        }
        match self.parent {
            Some(parent) => parent.is_many(),
            None => false,
        }
    }

    /// Writes the JSONPath up to here.
    pub(crate) fn write(&self, path: &mut String) {
        match self.parent {
            Some(parent) => parent.write(path),
            None => path.push('$'),
        }
        write_step(path, self.member, self.step);
    }

    /// What a document has at this path, or the one that is known.
    pub(crate) fn values<'a>(&self, document: &'a Value, known: Known<'_, 'a>) -> Vec<&'a Value> {
        match known(self) {
            Some(one) => vec![one],
            None => step_into(outer(self.parent, document, known), self.member, self.step),
        }
    }

    /// Whether it is this one or within it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self == other || self.parent.is_some_and(|parent| parent.is_within(other))
    }
}

/// The one embedded struct of many that is meant, where it is known.
pub(crate) type Known<'f, 'a> = &'f dyn Fn(&FieldPath) -> Option<&'a Value>;

/// What a document has at the path of a field: nothing where a member is missing or null.
pub(crate) fn values_at<'a>(
    parent: Option<&'static FieldPath>,
    member: &str,
    step: Step,
    document: &'a Value,
    known: Known<'_, 'a>,
) -> Vec<&'a Value> {
    step_into(outer(parent, document, known), member, step)
}

fn outer<'a>(
    parent: Option<&'static FieldPath>,
    document: &'a Value,
    known: Known<'_, 'a>,
) -> Vec<&'a Value> {
    parent.map_or_else(|| vec![document], |parent| parent.values(document, known))
}

fn step_into<'a>(outer: Vec<&'a Value>, member: &str, step: Step) -> Vec<&'a Value> {
    if step == Step::Flat {
        return outer;
    }
    let members = outer.into_iter().filter_map(|value| value.get(member));
    match step {
        Step::One | Step::Flat => members.collect(),
        Step::Each => members.filter_map(Value::as_array).flatten().collect(),
        Step::Values => members.filter_map(Value::as_object).flat_map(serde_json::Map::values).collect(),
    }
}

/// Appends a member and its step to a JSONPath.
pub(crate) fn write_step(path: &mut String, member: &str, step: Step) {
    if step == Step::Flat {
        return;
    }
    if is_plain(member) {
        path.push('.');
        path.push_str(member);
    } else {
        path.push_str(&format!("[{}]", quoted(member)));
    }
    path.push_str(match step {
        Step::One | Step::Flat => "",
        Step::Each => "[*]",
        Step::Values => ".*",
    });
}

/// A member as a JSONPath expects it between brackets: a JSON string.
pub(crate) fn quoted(member: &str) -> Value {
    Value::from(member)
}

/// Whether a member can stand behind a dot in a JSONPath.
fn is_plain(member: &str) -> bool {
    let mut characters = member.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
}

/// The name by which queries know a field: `city`, or `address_city` within an embedded struct.
///
/// ```
/// use cache_index::{FieldDef, SearchName, Tag};
///
/// let field = FieldDef::indexed::<String, Tag>("e-mail", "email");
/// assert_eq!(field.name(), SearchName::new("email"));
/// assert_eq!(field.name().to_string(), "email");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SearchName {
    parent: Option<&'static FieldPath>,
    name: &'static str,
}

impl SearchName {
    /// The name of a field of the document itself.
    pub const fn new(name: &'static str) -> Self {
        Self { parent: None, name }
    }

    pub(crate) const fn within(parent: Option<&'static FieldPath>, name: &'static str) -> Self {
        Self { parent, name }
    }
}

impl fmt::Display for SearchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            let above = SearchName { parent: parent.parent, name: parent.name };
            // A flattened struct has no part in the name.
            if parent.step == Step::Flat {
                return SearchName { parent: parent.parent, name: self.name }.fmt(f);
            }
            write!(f, "{above}_")?;
        }
        f.write_str(self.name)
    }
}

impl fmt::Debug for SearchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{self}")
    }
}

/// A place that fields can be at: the document itself ([`Root`]), or an embedded struct ([`Nested`]).
///
/// ```
/// use cache_index::{FieldDef, Path, Root, Tag};
///
/// fn city_at<P: Path>() -> String {
///     FieldDef::indexed::<String, Tag>("city", "city").within::<P>().path()
/// }
/// assert_eq!(city_at::<Root>(), "$.city");
/// ```
pub trait Path: 'static {
    /// The embedded struct; `None`: the document itself.
    const PATH: Option<&'static FieldPath>;
    /// What is left of a field's wish to be sortable there: nothing within a list.
    type Sort<S: 'static>: 'static;
    /// What the member holds: the embedded struct, or the `Option`, list or map of it.
    type Value;
}

/// The document itself.
///
/// ```
/// use cache_index::{Path, Root};
///
/// assert!(Root::PATH.is_none(), "it stands in no embedded struct");
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Root {}

impl Path for Root {
    const PATH: Option<&'static FieldPath> = None;
    type Sort<S: 'static> = S;
    type Value = ();
}

/// An embedded struct at one place of one model. The derive makes a type for each.
///
/// ```
/// use cache_index::{FieldDef, FieldPath, Nested, Step, Tag};
/// # struct Address;
///
/// // What the derive writes for `#[embedded] address: Address`:
/// struct AtAddress;
/// impl Nested for AtAddress {
///     const AT: FieldPath = FieldPath::new(None, "address", "address", Step::One);
///     type Sort<S: 'static> = S;
///     type Value = Address;
/// }
///
/// let city = FieldDef::indexed::<String, Tag>("city", "city").within::<AtAddress>();
/// assert_eq!((city.path(), city.name().to_string()), ("$.address.city".into(), "address_city".into()));
/// ```
pub trait Nested: 'static {
    /// The place.
    const AT: FieldPath;
    /// As [`Path::Sort`].
    type Sort<S: 'static>: 'static;
    /// As [`Path::Value`].
    type Value;
}

impl<N: Nested> Path for N {
    const PATH: Option<&'static FieldPath> = Some(&N::AT);
    type Sort<S: 'static> = N::Sort<S>;
    type Value = N::Value;
}

/// What is left of a wish to be sortable where there are many: nothing. So known, a place is one in a list or a map.
///
/// ```
/// use cache_index::{Each, Many, Shape, Values, Yes};
///
/// fn holds_many<S: Shape>() -> bool
/// where
///     S::Sort<Yes>: Many,
/// {
///     true
/// }
/// // `One` in their place would not compile.
/// assert!(holds_many::<Each>() && holds_many::<Values>());
/// ```
#[diagnostic::on_unimplemented(
    message = "`any` needs a list or a map of embedded structs, and this is a single one",
    label = "one struct, not many",
    note = "combine conditions on its fields with `&`: `User::ADDRESS.city.eq(…) & User::ADDRESS.zip.eq(…)`"
)]
pub trait Many {}

#[cfg(test)]
mod tests {
    use super::*;

    static USER: FieldPath = FieldPath::new(None, "old addresses", "old", Step::Each);
    static GEO: FieldPath = FieldPath::new(Some(&USER), "geo", "geo", Step::One);
    static FLAT: FieldPath = FieldPath::new(Some(&USER), "extra", "extra", Step::Flat);

    fn path(at: &FieldPath) -> String {
        let mut path = String::new();
        at.write(&mut path);
        path
    }

    #[test]
    fn paths_and_names_go_through_what_is_around() {
        assert_eq!(path(&GEO), r#"$["old addresses"][*].geo"#);
        assert_eq!(path(&FLAT), r#"$["old addresses"][*]"#);
        assert_eq!(SearchName::within(Some(&GEO), "city").to_string(), "old_geo_city");
        assert_eq!(SearchName::within(Some(&FLAT), "city").to_string(), "old_city");
        assert!(GEO.is_many());
    }

    #[test]
    fn values_are_those_of_every_element() {
        let document = serde_json::json!({
            "old addresses": [{"geo": {"city": "Bern"}}, {"geo": null}, {}, {"geo": {"city": "Biel"}}]
        });
        let cities = values_at(Some(&GEO), "city", Step::One, &document, &|_| None);
        assert_eq!(cities, [&Value::from("Bern"), &Value::from("Biel")]);
        assert_eq!(values_at(None, "none", Step::Each, &document, &|_| None), [&Value::Null; 0]);
    }
}
