//! Documents that fit their index: whether serde writes, at each path of a schema, what the field's kind can take.

use serde::Serialize;
use serde_json::Value;

use crate::geo::GeoPoint;
use crate::json::write_json;
use crate::kind::FieldKind;
use crate::path::{FieldPath, SearchName, Step};
use crate::schema::{FieldDef, IndexSchema, Schema};
use crate::value::JsonType;

/// Why a document would not be in its index, or would be without one of its values.
///
/// RediSearch leaves a whole document out of an index if one value has another type than its field, and tells nobody who
/// writes. Values are not shown: they may be personal data.
///
/// ```
/// use cache_index::{Entry, FieldDef, Numeric, Schema, check_document};
///
/// static USER: Schema =
///     Schema::new("User", "user", "id", &[Entry::Field(FieldDef::indexed::<u8, Numeric>("age", "age"))]);
/// let refused = check_document(&USER, &serde_json::json!({})).unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "`age` of `User` is not in the document, at `$.age`, and is no `Option`; let serde write it, and under that name",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotIndexable {
    /// The document cannot be written as JSON at all.
    #[error("this `{model}` cannot be written as JSON: {reason}")]
    Unwritable {
        /// The model.
        model: &'static str,
        /// What serde found.
        reason: String,
    },
    /// A value has another JSON type than its field.
    #[error(
        "`{field}` of `{model}` is {found} in the document, at `{path}`, and its index needs {needs}; let serde write \
         {needs} there, or remove `#[index]`"
    )]
    OtherType {
        /// The model.
        model: &'static str,
        /// The field's search name.
        field: SearchName,
        /// Where the value is.
        path: String,
        /// The JSON type that the index needs, with an article.
        needs: &'static str,
        /// The JSON type that is there, with an article.
        found: &'static str,
    },
    /// A value that every document should have is not there.
    #[error(
        "`{field}` of `{model}` is not in the document, at `{path}`, and is no `Option`; let serde write it, and under \
         that name"
    )]
    Absent {
        /// The model.
        model: &'static str,
        /// The field's search name.
        field: SearchName,
        /// Where the value should be.
        path: String,
    },
}

/// Checks, without a server, that a document would be in its index with all its values.
///
/// What the types say is checked by the compiler. This finds what serde does against them: a `Serialize` written by hand
/// that writes a number as a string or a member under another name, a `#[serde(skip_serializing_if = "…")]` that is hidden
/// in a type. In debug builds every save checks it; in release builds none does, so call it in a test, with a sample that
/// has a value in each `Option` and an element in each list.
///
/// ```
/// use cache_index::{Entry, FieldDef, IndexSchema, NotIndexable, Numeric, Schema, check_indexable};
///
/// // What `#[derive(CacheModel)]` writes:
/// struct User {
///     age: u8,
/// }
/// impl IndexSchema for User {
///     fn schema() -> &'static Schema {
///         static SCHEMA: Schema = Schema::new(
///             "User", "user", "id", &[Entry::Field(FieldDef::indexed::<u8, Numeric>("age", "age"))],
///         );
///         &SCHEMA
///     }
/// }
/// // A form of one's own, which the index cannot take:
/// impl serde::Serialize for User {
///     fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
///         serde_json::json!({ "age": self.age.to_string() }).serialize(serializer)
///     }
/// }
///
/// let refused = check_indexable(&User { age: 42 }).unwrap_err();
/// assert!(matches!(refused, NotIndexable::OtherType { needs: "a number", found: "a string", .. }));
/// ```
///
/// # Errors
/// The first of the findings, in the order of the fields.
pub fn check_indexable<M: IndexSchema + Serialize>(sample: &M) -> Result<(), NotIndexable> {
    let schema = M::schema();
    let unwritable = |error: serde_json::Error| NotIndexable::Unwritable {
        model: schema.model(),
        reason: error.to_string(),
    };
    let mut json = Vec::new();
    write_json(&mut json, sample).map_err(unwritable)?;
    check_document(schema, &serde_json::from_slice(&json).map_err(unwritable)?)
}

/// [`check_indexable`] for tests.
///
/// ```no_run
/// # use cache_index::{IndexSchema, assert_indexable};
/// # fn example<User: IndexSchema + serde::Serialize>(sample: User) {
/// assert_indexable(&sample);
/// # }
/// ```
///
/// # Panics
/// If the document would not be in its index, with the message of [`NotIndexable`].
#[track_caller]
#[expect(clippy::panic, reason = "it is made for tests")]
pub fn assert_indexable<M: IndexSchema + Serialize>(sample: &M) {
    if let Err(refused) = check_indexable(sample) {
        panic!("{refused}");
    }
}

/// [`check_indexable`] for a document that is JSON already.
///
/// ```
/// use cache_index::{Entry, FieldDef, NotIndexable, Numeric, Schema, check_document};
///
/// static USER: Schema =
///     Schema::new("User", "user", "id", &[Entry::Field(FieldDef::indexed::<u8, Numeric>("age", "age"))]);
/// assert_eq!(check_document(&USER, &serde_json::json!({ "age": 42 })), Ok(()));
/// let refused = check_document(&USER, &serde_json::json!({ "age": "42" })).unwrap_err();
/// assert!(matches!(refused, NotIndexable::OtherType { needs: "a number", found: "a string", .. }));
/// ```
///
/// # Errors
/// The first of the findings, in the order of the fields.
pub fn check_document(schema: &'static Schema, document: &Value) -> Result<(), NotIndexable> {
    schema.indexed().try_for_each(|field| {
        check_field(field, document).map_err(|finding| finding.of(schema.model(), field.name()))
    })
}

/// The JSON type of what the index holds. The one place that new kinds of values extend.
fn fits(field: &FieldDef, value: &Value) -> Result<(), &'static str> {
    let (fits, needs) = match field.json() {
        JsonType::String if field.kind() == FieldKind::Geo => {
            let is_point = value.as_str().is_some_and(|text| text.parse::<GeoPoint>().is_ok());
            (is_point, "a point, `\"longitude,latitude\"`,")
        }
        JsonType::Vector(of) => {
            let fits =
                |numbers: &Vec<Value>| numbers.len() == of.dimension && numbers.iter().all(Value::is_number);
            (value.as_array().is_some_and(fits), "a list of numbers, one a dimension,")
        }
        JsonType::Any => (true, "anything"),
        JsonType::String => (value.is_string(), "a string"),
        JsonType::Number => (value.is_number(), "a number"),
        JsonType::Bool => (value.is_boolean(), "`true` or `false`"),
    };
    if fits { Ok(()) } else { Err(needs) }
}

enum Finding {
    Absent { path: String },
    OtherType { path: String, needs: &'static str, found: &'static str },
}

impl Finding {
    fn other(path: impl FnOnce() -> String, needs: &'static str, found: &Value) -> Self {
        Self::OtherType { path: path(), needs, found: describe(found) }
    }

    fn of(self, model: &'static str, field: SearchName) -> NotIndexable {
        match self {
            Self::Absent { path } => NotIndexable::Absent { model, field, path },
            Self::OtherType { path, needs, found } => {
                NotIndexable::OtherType { model, field, path, needs, found }
            }
        }
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`",
        Value::Bool(_) => "`true` or `false`",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn check_field(field: &FieldDef, document: &Value) -> Result<(), Finding> {
    for (object, optional) in objects(field.parent(), document)? {
        let Some(member) = object.get(field.member()).filter(|member| !member.is_null()) else {
            if optional || field.may_be_absent() {
                continue;
            }
            return Err(Finding::Absent { path: field.path() });
        };
        for value in inside(member, field.step(), || field.path())? {
            fits(field, value).map_err(|needs| Finding::other(|| field.path(), needs, value))?;
        }
    }
    Ok(())
}

/// What a member has for each step.
fn inside(member: &Value, step: Step, path: impl FnOnce() -> String) -> Result<Vec<&Value>, Finding> {
    match (step, member) {
        (Step::One | Step::Flat, _) => Ok(vec![member]),
        (Step::Each, Value::Array(elements)) => Ok(elements.iter().collect()),
        (Step::Values, Value::Object(values)) => Ok(values.values().collect()),
        (Step::Each, _) => Err(Finding::other(path, "a list", member)),
        (Step::Values, _) => Err(Finding::other(path, "an object", member)),
    }
}

/// The objects that an embedded struct's members are in, and whether each may lack them all.
fn objects<'a>(
    path: Option<&'static FieldPath>,
    document: &'a Value,
) -> Result<Vec<(&'a Value, bool)>, Finding> {
    let Some(path) = path else { return Ok(vec![(document, false)]) };
    let shown = || {
        let mut text = String::new();
        path.write(&mut text);
        text
    };
    let mut found = Vec::new();
    for (around, optional) in objects(path.parent(), document)? {
        if path.step() == Step::Flat {
            // A flattened `None` leaves all its members out.
            found.push((around, optional || path.is_optional()));
            continue;
        }
        let Some(member) = around.get(path.member()).filter(|member| !member.is_null()) else {
            if optional || path.is_optional() {
                continue;
            }
            return Err(Finding::Absent { path: shown() });
        };
        // A list of `Option`s has `null` for `None`.
        for value in inside(member, path.step(), shown)?.into_iter().filter(|value| !value.is_null()) {
            if !value.is_object() {
                return Err(Finding::other(shown, "an object", value));
            }
            found.push((value, false));
        }
    }
    Ok(found)
}
