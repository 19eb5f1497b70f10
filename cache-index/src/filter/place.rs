//! Elements: of which list a condition means a single one, and what of a document it is then decided on.

use serde_json::Value;

use crate::path::FieldPath;
use crate::schema::FieldDef;

/// What there are many of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    /// Embedded structs.
    Embedded(&'static FieldPath),
    /// The values of this field.
    Values(FieldDef),
}

impl Place {
    /// Whether the values of the field are, or are in, one of the elements.
    pub(super) fn has(&self, field: &FieldDef) -> bool {
        match self {
            Self::Embedded(path) => field.parent().is_some_and(|parent| parent.is_within(path)),
            Self::Values(list) => list.is_beside(field),
        }
    }

    /// The elements that a document has; `null` is none.
    pub(super) fn elements<'a>(&self, document: &'a Value, scope: Option<&Scope<'_, 'a>>) -> Vec<&'a Value> {
        let mut elements = match self {
            Self::Embedded(path) => path.values(document, &|path| embedded(scope, path)),
            Self::Values(list) => values(list, document, scope),
        };
        elements.retain(|element| !element.is_null());
        elements
    }
}

/// The one element that is meant, and those around it.
pub(super) struct Scope<'s, 'a> {
    pub(super) place: Place,
    pub(super) element: &'a Value,
    pub(super) around: Option<&'s Scope<'s, 'a>>,
}

/// The values that a field has in the element that is meant, or in the document.
pub(super) fn values<'a>(
    field: &FieldDef,
    document: &'a Value,
    scope: Option<&Scope<'_, 'a>>,
) -> Vec<&'a Value> {
    let itself = find(scope, |place| matches!(place, Place::Values(list) if list.is_beside(field)));
    itself
        .map_or_else(|| field.values_known(document, &|path| embedded(scope, path)), |element| vec![element])
}

fn embedded<'a>(scope: Option<&Scope<'_, 'a>>, path: &FieldPath) -> Option<&'a Value> {
    find(scope, |place| matches!(place, Place::Embedded(many) if *many == path))
}

fn find<'a>(scope: Option<&Scope<'_, 'a>>, is_it: impl Fn(&Place) -> bool) -> Option<&'a Value> {
    std::iter::successors(scope, |scope| scope.around)
        .find(|scope| is_it(&scope.place))
        .map(|scope| scope.element)
}
