//! `ulid::Ulid` as a TAG: the text that serde writes, its 26 characters.

use ulid::Ulid;

use crate::kind::Tag;
use crate::path::Step;
use crate::unique::unique;
use crate::value::{
    Comparand, IndexValue, Indexable, JsonType, Operand, ScalarValue, SortableValue, operands, scalars,
};

scalars! {
    Ulid as Ulid: String, Tag;
}

unique! { Ulid }

operands! {
    Ulid: Ulid, |value| Comparand::Tag(value.to_string());
    &Ulid: Ulid, |value| Comparand::Tag(value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operand_is_what_serde_writes() {
        let value: Ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let written = serde_json::to_value(value).unwrap();
        assert_eq!(
            Operand::<Ulid>::into_comparand(value),
            Comparand::Tag(written.as_str().unwrap().to_owned())
        );
    }
}
