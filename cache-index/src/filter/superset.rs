//! What the server is asked for in place of a filter: the same, or more where it cannot decide all of it.

use super::node::{Affix, Node, Test};
use super::place::Place;
use super::reader::Reader;
use crate::kind::FieldKind;
use crate::pattern::Known;
use crate::schema::FieldDef;

/// The tree of which the server decides every condition, and which every document passes that passes the filter.
pub(super) fn superset(node: &Node, reader: Reader<'_>) -> Node {
    match node {
        Node::And(group) => all(group.nodes().iter().map(|node| superset(node, reader))),
        Node::Or(group) => any(group.nodes().iter().map(|node| superset(node, reader))),
        Node::Not(inner) => subset(inner, reader).negate(),
        Node::Any(_, inner) => somewhere(inner, reader),
        Node::Optional(inner) => superset(inner, reader).optional(),
        Node::Weighted(weight, inner) => superset(inner, reader).weighted(*weight),
        Node::Leaf(field, Test::Wildcard(pattern)) => match pattern.whole().or_else(|| pattern.longest()) {
            Some(known) => part(field, known),
            None => Node::All,
        },
        Node::Leaf(field, test) => Node::Leaf(*field, reader.read(test).into_owned()),
        node => node.clone(),
    }
}

/// As [`superset`], for what stands within a negation: the tree that no other document passes.
fn subset(node: &Node, reader: Reader<'_>) -> Node {
    match node {
        Node::And(group) => all(group.nodes().iter().map(|node| subset(node, reader))),
        Node::Or(group) => any(group.nodes().iter().map(|node| subset(node, reader))),
        Node::Not(inner) => superset(inner, reader).negate(),
        // Exact, or not known at all.
        node if inexact(node, reader).is_some() => Node::None,
        node => superset(node, reader),
    }
}

/// What holds for a document of which one element meets the condition.
fn somewhere(inner: &Node, reader: Reader<'_>) -> Node {
    match inner {
        Node::And(group) => all(group.nodes().iter().map(|node| somewhere(node, reader))),
        Node::Or(group) => any(group.nodes().iter().map(|node| somewhere(node, reader))),
        // Other elements may have what this one does not.
        Node::Not(_) | Node::Leaf(_, Test::Missing) => Node::All,
        Node::Optional(inner) => somewhere(inner, reader).optional(),
        Node::Weighted(weight, inner) => somewhere(inner, reader).weighted(*weight),
        inner => superset(inner, reader),
    }
}

fn all(nodes: impl Iterator<Item = Node>) -> Node {
    nodes.fold(Node::All, Node::and)
}

/// Values of one TAG field that are looked for become one condition, in the place of the first.
fn any(nodes: impl Iterator<Item = Node>) -> Node {
    let mut merged: Vec<Node> = Vec::new();
    // Where the condition of a field is; a model has few fields.
    let mut places: Vec<(FieldDef, usize)> = Vec::new();
    for node in nodes {
        let Node::Leaf(field, Test::TagIn(mut tags)) = node else {
            merged.push(node);
            continue;
        };
        let place = places.iter().find(|(known, _)| *known == field).map(|(_, place)| *place);
        match place.and_then(|place| merged.get_mut(place)) {
            Some(Node::Leaf(_, Test::TagIn(others))) => others.append(&mut tags),
            _ => {
                places.push((field, merged.len()));
                merged.push(Node::Leaf(field, Test::TagIn(tags)));
            }
        }
    }
    merged.into_iter().fold(Node::None, Node::or)
}

fn part(field: &FieldDef, known: Known<'_>) -> Node {
    let test = match known {
        Known::Whole(whole) if field.kind() == FieldKind::Text => Test::Words(whole.to_owned()),
        Known::Prefix(start) if field.kind() == FieldKind::Text => word_like(Affix::Prefix, start),
        Known::Suffix(end) if field.kind() == FieldKind::Text => word_like(Affix::Suffix, end),
        Known::Infix(part) if field.kind() == FieldKind::Text => word_like(Affix::Infix, part),
        Known::Whole(whole) => Test::TagIn(vec![whole.to_owned()]),
        Known::Prefix(start) => Test::TagLike(Affix::Prefix, start.to_owned()),
        Known::Suffix(end) => Test::TagLike(Affix::Suffix, end.to_owned()),
        Known::Infix(part) => Test::TagLike(Affix::Infix, part.to_owned()),
    };
    Node::Leaf(*field, test)
}

fn word_like(affix: Affix, part: &str) -> Test {
    Test::WordLike(affix, part.to_owned())
}

/// What in the filter the server decides only in part, in words; `None`: nothing.
pub(super) fn inexact(node: &Node, reader: Reader<'_>) -> Option<&'static str> {
    match node {
        Node::And(group) | Node::Or(group) => group.nodes().iter().find_map(|node| inexact(node, reader)),
        Node::Not(inner) | Node::Weighted(_, inner) => inexact(inner, reader),
        Node::Any(place, inner) => (!is_of_one_value(inner, reader, &mut vec![*place]))
            .then_some("conditions on one and the same element"),
        Node::Leaf(field, test) => inexact_test(field, &reader.read(test), reader),
        // Optional conditions leave no document out.
        Node::All | Node::None | Node::Invalid(_) | Node::Raw(_) | Node::Optional(_) => None,
    }
}

fn inexact_test(field: &FieldDef, test: &Test, reader: Reader<'_>) -> Option<&'static str> {
    match test {
        Test::Integer(_) => Some("an integer beyond ±(2^53 - 1)"),
        Test::Wildcard(_) => Some("a wildcard amid other characters"),
        Test::Phrase(phrase) if !reader.is_exact(field, phrase) => Some("a phrase"),
        _ => None,
    }
}

/// Whether that an element meets the condition is the same as that a document has a value that does.
fn is_of_one_value(inner: &Node, reader: Reader<'_>, places: &mut Vec<Place>) -> bool {
    match inner {
        Node::Or(group) => group.nodes().iter().all(|node| is_of_one_value(node, reader, places)),
        Node::Any(place, inner) => {
            places.push(*place);
            let of_one = is_of_one_value(inner, reader, places);
            places.pop();
            of_one
        }
        Node::Leaf(field, test) => {
            let test = reader.read(test);
            inexact_test(field, &test, reader).is_none()
                && test.is_of_one_value()
                && places.iter().all(|place| place.has(field))
        }
        Node::Weighted(_, inner) => is_of_one_value(inner, reader, places),
        Node::All
        | Node::None
        | Node::Invalid(_)
        | Node::And(_)
        | Node::Not(_)
        | Node::Optional(_)
        | Node::Raw(_) => false,
    }
}
