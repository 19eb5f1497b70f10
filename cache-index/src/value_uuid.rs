//! `uuid::Uuid` as a TAG: the text that serde writes, hyphenated, in lower case.

use uuid::Uuid;

use crate::kind::Tag;
use crate::path::Step;
use crate::unique::unique;
use crate::value::{
    Comparand, IndexValue, Indexable, JsonType, Operand, ScalarValue, SortableValue, operands, scalars,
};

scalars! {
    Uuid as Uuid: String, Tag;
}

unique! { Uuid }

operands! {
    Uuid: Uuid, |value| Comparand::Tag(value.to_string());
    &Uuid: Uuid, |value| Comparand::Tag(value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operand_is_what_serde_writes() {
        let value: Uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse().unwrap();
        let written = serde_json::to_value(value).unwrap();
        assert_eq!(
            Operand::<Uuid>::into_comparand(value),
            Comparand::Tag(written.as_str().unwrap().to_owned())
        );
    }
}
