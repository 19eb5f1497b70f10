//! `url::Url` as a TAG: the text that serde writes, normalised, as `Url` keeps it.

use url::Url;

use crate::kind::Tag;
use crate::path::Step;
use crate::unique::unique;
use crate::value::{
    Comparand, IndexValue, Indexable, JsonType, Operand, ScalarValue, SortableValue, operands, scalars,
};

scalars! {
    Url as Url: String, Tag;
}

unique! { Url }

operands! {
    Url: Url, |value| Comparand::Tag(value.to_string());
    &Url: Url, |value| Comparand::Tag(value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operand_is_what_serde_writes() {
        let value: Url = "https://example.com/a%20b?q=1#f".parse().unwrap();
        let written = serde_json::to_value(value.clone()).unwrap();
        assert_eq!(
            Operand::<Url>::into_comparand(value),
            Comparand::Tag(written.as_str().unwrap().to_owned())
        );
    }
}
