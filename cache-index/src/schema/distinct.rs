//! The rule that no two fields are one member of the document, for what the derive cannot see: flattened structs.
//! Evaluated by the compiler, where the schema is made.

use super::Entry;
use super::message::Message;
use crate::path::{FieldPath, Step};

/// Refuses fields of which two are the same member.
pub(super) const fn assert_distinct(model: &str, entries: &'static [Entry]) {
    // All others are told apart by the derive.
    if !has_flattened(entries) {
        return;
    }
    let mut number = 0;
    while let Some(one) = leaf(entries, &mut { number }) {
        if clashes(entries, &one, &mut (number + 1)) {
            let message = Message::new()
                .and("`")
                .and(model)
                .and("` has two fields that are both the member `")
                .and(one.member())
                .and("` of the document: a flattened struct's members stand beside the others; rename one of them");
            message.panic();
        }
        number += 1;
    }
}

const fn has_flattened(mut entries: &'static [Entry]) -> bool {
    while let [first, rest @ ..] = entries {
        let found = match first {
            Entry::Embedded(entries) => has_flattened(entries),
            Entry::Field(field) => match field.parent() {
                Some(parent) => is_in_flattened(parent),
                None => false,
            },
        };
        if found {
            return true;
        }
        entries = rest;
    }
    false
}

const fn is_in_flattened(path: &FieldPath) -> bool {
    if is_flat(path) {
        return true;
    }
    match path.parent() {
        Some(parent) => is_in_flattened(parent),
        None => false,
    }
}

const fn is_flat(path: &FieldPath) -> bool {
    matches!(path.step(), Step::Flat)
}

/// The field behind as many others; what is left of their number where there is none.
const fn leaf(mut entries: &'static [Entry], behind: &mut usize) -> Option<FieldPath> {
    while let [first, rest @ ..] = entries {
        match first {
            Entry::Embedded(entries) => {
                if let Some(found) = leaf(entries, behind) {
                    return Some(found);
                }
            }
            Entry::Field(field) => {
                if *behind == 0 {
                    return Some(FieldPath::new(field.parent(), field.member(), "", field.step()));
                }
                *behind -= 1;
            }
        }
        entries = rest;
    }
    None
}

/// Whether one of the fields, of which the first ones are stepped over, is the same member as this one.
const fn clashes(mut entries: &'static [Entry], one: &FieldPath, over: &mut usize) -> bool {
    while let [first, rest @ ..] = entries {
        let found = match first {
            Entry::Embedded(entries) => clashes(entries, one, over),
            Entry::Field(_) if *over > 0 => {
                *over -= 1;
                false
            }
            Entry::Field(field) => {
                clash(one, &FieldPath::new(field.parent(), field.member(), "", field.step()))
            }
        };
        if found {
            return true;
        }
        entries = rest;
    }
    false
}

/// Whether two fields, or structs around them, are the same member.
const fn clash(one: &FieldPath, other: &FieldPath) -> bool {
    let (deep, other_deep) = (depth(one), depth(other));
    let mut level = 1;
    while level <= deep && level <= other_deep {
        let (a, b) = (ancestor(one, deep - level), ancestor(other, other_deep - level));
        if !is_same_text(a.member(), b.member()) {
            return false;
        }
        // Two structs that are both around are one struct, unless they come from different fields.
        if level == deep || level == other_deep || !is_same(a, b) {
            return true;
        }
        level += 1;
    }
    false
}

/// How many members lead to it, its own included.
const fn depth(path: &FieldPath) -> usize {
    let above = match path.parent() {
        Some(parent) => depth(parent),
        None => 0,
    };
    if is_flat(path) { above } else { above + 1 }
}

/// What is so many members above it.
const fn ancestor(path: &FieldPath, up: usize) -> &FieldPath {
    match path.parent() {
        Some(parent) if is_flat(path) => ancestor(parent, up),
        Some(parent) if up > 0 => ancestor(parent, up - 1),
        _ => path,
    }
}

const fn is_same(one: &FieldPath, other: &FieldPath) -> bool {
    let parents = match (one.parent(), other.parent()) {
        (Some(one), Some(other)) => is_same(one, other),
        (None, None) => true,
        _ => false,
    };
    parents && is_flat(one) == is_flat(other) && is_same_text(one.member(), other.member())
}

const fn is_same_text(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    loop {
        match (one, other) {
            ([], []) => return true,
            ([a, rest @ ..], [b, other_rest @ ..]) if *a == *b => (one, other) = (rest, other_rest),
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::schema::{FieldDef, Schema};

    struct At<const N: usize>;

    macro_rules! places {
        ($($number:literal: $parent:expr, $member:literal, $step:ident;)*) => {$(
            impl crate::path::Nested for At<$number> {
                const AT: FieldPath = FieldPath::new($parent, $member, $member, Step::$step);
                type Sort<S: 'static> = S;
                type Value = ();
            }
        )*};
    }

    places! {
        0: None, "audit", Flat;
        1: None, "other", Flat;
        2: None, "home", One;
        3: Some(&<At<0> as crate::path::Nested>::AT), "home", One;
        4: Some(&<At<2> as crate::path::Nested>::AT), "rest", Flat;
    }

    fn at<const N: usize>(member: &'static str) -> Entry
    where
        At<N>: crate::path::Path,
    {
        Entry::Field(FieldDef::stored(member).within::<At<N>>())
    }

    fn top(member: &'static str) -> Entry {
        Entry::Field(FieldDef::stored(member))
    }

    fn part<const N: usize>(entries: [Entry; N]) -> Entry {
        Entry::Embedded(Vec::from(entries).leak())
    }

    fn is_distinct<const N: usize>(entries: [Entry; N]) -> bool {
        let entries = Vec::from(entries).leak();
        catch_unwind(|| Schema::new("User", "user", "id", entries)).is_ok()
    }

    #[test]
    fn one_member_is_one_field() {
        let flat = part([at::<0>("author"), at::<0>("home")]);
        let home = part([at::<2>("city"), at::<2>("zip")]);
        assert!(is_distinct([top("id"), flat, top("city")]));
        assert!(is_distinct([top("id"), home, part([at::<1>("city")])]));
        assert!(is_distinct([at::<2>("city"), part([at::<4>("zip")]), part([at::<1>("zip")])]));

        assert!(!is_distinct([top("author"), flat]));
        assert!(!is_distinct([flat, top("author")]));
        assert!(!is_distinct([flat, part([at::<1>("author")])]), "two that are flattened");
        assert!(!is_distinct([home, flat]), "a struct and a string");
        assert!(!is_distinct([home, part([at::<3>("street")])]), "two structs");
        assert!(!is_distinct([at::<2>("city"), part([at::<4>("city")])]), "further below");
    }

    #[test]
    fn the_message_names_model_and_member() {
        let entries = vec![top("author"), part([at::<0>("author")])].leak();
        let refused = catch_unwind(|| Schema::new("User", "user", "id", entries));
        let message = refused.unwrap_err().downcast_ref::<String>().unwrap().clone();
        assert!(message.starts_with("`User` has two fields that are both the member `author`"), "{message}");
    }
}
