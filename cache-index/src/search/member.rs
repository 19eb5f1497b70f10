//! What a view reads of each document: members, and by which paths the server brings them.

use std::marker::PhantomData;

use crate::path::{FieldPath, Step, quoted, write_step};
use crate::schema::FieldDef;
use crate::value::{IndexValue, JsonType};

/// A member of the documents that a view reads.
///
/// The server (RediSearch 2.10) leaves a path out of its answer if the first value there is an empty list, as if there was
/// none. So what may be a list is asked for together with something before it: at the top with a member that every
/// document has, `$["id","tags"]`, which the server answers in this order; within an embedded struct with the whole
/// struct. And a list or a map of embedded structs is brought as a whole: of their members alone the server would not say
/// which of the structs lack them.
///
/// ```
/// use cache_index::{FieldDef, Member, Reply, SearchAnswer};
///
/// // What the derive writes for the field `city: String` of a view:
/// static CARD: [Member; 1] = [Member::new("city", FieldDef::stored("city"), true)];
/// #[derive(serde::Deserialize)]
/// struct Card {
///     city: String,
/// }
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let brought = Reply::Array(vec![bulk("$0"), bulk(r#"["Bern"]"#)]);
/// let answer = SearchAnswer::decode(Reply::Array(vec![Reply::Int(1), bulk("cache:user:1"), brought]), false)?;
/// let card: Card = answer.hits[0].read(&CARD)?;
/// assert_eq!(card.city, "Bern");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    name: &'static str,
    def: FieldDef,
    /// How many members of the path the server follows.
    followed: usize,
    /// Whether a member that every document has comes first.
    is_witnessed: bool,
}

impl Member {
    /// The member that holds this field, read as what serde calls `name` in the view. A scalar is no list.
    pub const fn new(name: &'static str, def: FieldDef, is_scalar: bool) -> Self {
        let is_many = match def.parent() {
            Some(parent) => parent.is_many(),
            None => false,
        };
        // How many members there are up to the first that may be a list.
        let to_list = match (def.parent(), is_many) {
            (Some(parent), true) => to_many(parent),
            (Some(parent), false) => depth(parent) + 1,
            (None, _) => 1,
        };
        let is_scalar = is_scalar && !is_many;
        let is_witnessed = !is_scalar && to_list == 1;
        let followed = if is_scalar || is_witnessed { to_list } else { to_list - 1 };
        Self { name, def, followed, is_witnessed }
    }

    /// What serde calls it in the view.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the server's answer begins with the member that every document has.
    pub(crate) const fn is_witnessed(&self) -> bool {
        self.is_witnessed
    }

    /// Whether documents have many of it.
    pub(crate) fn is_many(&self) -> bool {
        self.def.parent().is_some_and(FieldPath::is_many)
    }

    /// The JSONPath of what the server brings. `witness` is a member that every document has.
    pub(crate) fn path(&self, witness: &str) -> String {
        let mut steps = self.steps();
        steps.retain(|step| matches!(step, Walk::Into(_)));
        steps.truncate(self.followed);
        let mut path = String::from("$");
        for step in steps {
            match step {
                Walk::Into(member) if self.is_witnessed => {
                    path.push_str(&format!("[{},{}]", quoted(witness), quoted(member)));
                }
                Walk::Into(member) => write_step(&mut path, member, Step::One),
                Walk::Each => {}
            }
        }
        path
    }

    /// How to get from what the server brings to the member.
    pub(crate) fn rest(&self) -> Vec<Walk> {
        if !self.is_many() && self.followed == 1 && self.def.parent().is_none() {
            return Vec::new();
        }
        let mut steps = self.steps();
        steps.drain(..self.followed.min(steps.len()));
        steps
    }

    fn steps(&self) -> Vec<Walk> {
        let mut steps = Vec::new();
        around(self.def.parent(), &mut steps);
        steps.push(Walk::Into(self.def.member()));
        steps
    }
}

/// A step of a path within JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// To a member.
    Into(&'static str),
    /// To each element of a list, or each value of a map.
    Each,
}

/// The steps to this embedded struct.
fn around(path: Option<&'static FieldPath>, steps: &mut Vec<Walk>) {
    let Some(path) = path else { return };
    around(path.parent(), steps);
    match path.step() {
        Step::Flat => {}
        Step::One => steps.push(Walk::Into(path.member())),
        Step::Each | Step::Values => steps.extend([Walk::Into(path.member()), Walk::Each]),
    }
}

/// How many members there are on the way to this embedded struct.
const fn depth(path: &FieldPath) -> usize {
    let above = match path.parent() {
        Some(parent) => depth(parent),
        None => 0,
    };
    if matches!(path.step(), Step::Flat) { above } else { above + 1 }
}

/// How many members there are on the way to the first list or map.
const fn to_many(path: &FieldPath) -> usize {
    match path.parent() {
        Some(parent) if parent.is_many() => to_many(parent),
        _ => depth(path),
    }
}

/// Asks whether the values of a type are strings, numbers or booleans, and no lists: `IsScalar::<T>::SCALAR`, which for a
/// type that cannot be indexed is the one of [`NotScalar`].
///
/// ```
/// use cache_index::IsScalar;
///
/// assert!(IsScalar::<Option<String>>::SCALAR);
/// assert!(!IsScalar::<Vec<String>>::SCALAR);
/// ```
#[derive(Debug)]
pub struct IsScalar<T>(PhantomData<fn() -> T>);

impl<T: IndexValue> IsScalar<T> {
    /// Whether they are.
    pub const SCALAR: bool = matches!(T::STEP, Step::One)
        && matches!(T::JSON, JsonType::String | JsonType::Number | JsonType::Bool);
}

/// What [`IsScalar`] says of types that are not known.
///
/// ```
/// use cache_index::{IsScalar, NotScalar};
/// # struct Address;
///
/// // Its own constant comes before the trait's.
/// assert!(IsScalar::<u8>::SCALAR);
/// assert!(!IsScalar::<Address>::SCALAR, "what cannot be indexed may be a list");
/// ```
pub trait NotScalar {
    /// They may be lists.
    const SCALAR: bool = false;
}

impl<T> NotScalar for IsScalar<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Nested;

    macro_rules! places {
        ($($place:ident: $parent:expr, $member:literal, $step:ident;)*) => {$(
            struct $place;
            impl Nested for $place {
                const AT: FieldPath = FieldPath::new($parent, $member, $member, Step::$step);
                type Sort<S: 'static> = S;
                type Value = ();
            }
        )*};
    }

    places! {
        Home: None, "home", One;
        Geo: Some(&Home::AT), "geo", One;
        Flat: Some(&Home::AT), "flat", Flat;
        Old: None, "old homes", Each;
        OldGeo: Some(&Old::AT), "geo", One;
        Rooms: Some(&Home::AT), "rooms", Values;
        Beds: Some(&Rooms::AT), "beds", Each;
        AtTop: None, "top", Flat;
    }

    #[track_caller]
    fn check(def: FieldDef, is_scalar: bool, path: &str, rest: &[Walk]) {
        let member = Member::new("x", def, is_scalar);
        assert_eq!((member.path("id").as_str(), &member.rest()[..]), (path, rest));
        assert_eq!(member.is_witnessed(), path.contains("\"id\""));
    }

    #[test]
    fn scalars_are_brought_alone() {
        let city = FieldDef::stored("city");
        check(city, true, "$.city", &[]);
        check(FieldDef::stored("a b"), true, r#"$["a b"]"#, &[]);
        check(city.within::<Home>(), true, "$.home.city", &[]);
        check(city.within::<Geo>(), true, "$.home.geo.city", &[]);
        check(city.within::<Flat>(), true, "$.home.city", &[]);
        check(city.within::<AtTop>(), true, "$.city", &[]);
    }

    #[test]
    fn lists_are_brought_behind_something() {
        let tags = FieldDef::stored("tags");
        check(tags, false, r#"$["id","tags"]"#, &[]);
        check(tags.within::<AtTop>(), false, r#"$["id","tags"]"#, &[]);
        check(tags.within::<Home>(), false, "$.home", &[Walk::Into("tags")]);
        check(tags.within::<Flat>(), false, "$.home", &[Walk::Into("tags")]);
        check(tags.within::<Geo>(), false, "$.home.geo", &[Walk::Into("tags")]);
    }

    #[test]
    fn lists_of_structs_are_brought_whole() {
        let (city, into) = (FieldDef::stored("city"), Walk::Into);
        for is_scalar in [true, false] {
            let old = r#"$["id","old homes"]"#;
            check(city.within::<Old>(), is_scalar, old, &[Walk::Each, into("city")]);
            check(city.within::<OldGeo>(), is_scalar, old, &[Walk::Each, into("geo"), into("city")]);
            check(city.within::<Rooms>(), is_scalar, "$.home", &[into("rooms"), Walk::Each, into("city")]);
            let beds = [into("rooms"), Walk::Each, into("beds"), Walk::Each, into("city")];
            check(city.within::<Beds>(), is_scalar, "$.home", &beds);
        }
        check(FieldDef::embedded::<Old>(), false, r#"$["id","old homes"]"#, &[]);
        check(FieldDef::embedded::<Geo>(), false, "$.home", &[into("geo")]);
        check(FieldDef::embedded::<Beds>(), false, "$.home", &[into("rooms"), Walk::Each, into("beds")]);
    }

    #[test]
    fn types_say_whether_they_are_scalars() {
        struct Unknown;
        const {
            assert!(
                IsScalar::<String>::SCALAR && IsScalar::<Option<u64>>::SCALAR && IsScalar::<bool>::SCALAR
            );
        };
        const {
            assert!(!IsScalar::<Vec<String>>::SCALAR && !IsScalar::<Unknown>::SCALAR);
        };
    }
}
