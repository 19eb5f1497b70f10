//! What the derive says about the attributes of one field.

use super::message;

#[test]
fn field_attributes() {
    let takes = crate::attr::INDEX_TAKES;
    for (field, expected) in [
        ("#[index = \"x\"] a: u8", takes.to_owned()),
        ("#[index(unique)] a: u8", format!("unknown argument `unique`; {takes}")),
        ("#[index(unique(x), tag)] a: u8", format!("unknown argument `unique`; {takes}")),
        ("#[index(sortable = true)] a: u8", "`sortable` takes no value; write it alone".into()),
        ("#[index(text(english))] a: u8", "`text` takes no value; write it alone".into()),
        ("#[index(sortable, sortable)] a: u8", "`sortable` is written twice; keep one of them".into()),
        ("#[index(tag, tag)] a: u8", "`tag` is written twice; keep one of them".into()),
        (
            "#[index(tag, text)] a: u8",
            "an index has one kind; keep one of them, or write another `#[index(…)]` with a `name` for the other".into(),
        ),
        (
            "#[index(text, fold_case)] a: u8",
            "`fold_case` is for TAG fields: TEXT never distinguishes case; remove `fold_case`".into(),
        ),
        (
            "#[index(numeric, fold_case)] a: u8",
            "`fold_case` is for TAG fields: numbers have no case; remove `fold_case`".into(),
        ),
        (
            "#[index(separator = ',', numeric)] a: u8",
            "`separator` is for TAG fields: a number is one value; remove `separator`".into(),
        ),
        ("#[index(separator = 'x')] a: String", "expected one punctuation mark: `separator = ','`".into()),
        (
            "#[index(no_stem)] a: String",
            "`no_stem` is for TEXT fields; write `text` before it, or remove `no_stem`".into(),
        ),
        ("#[index(text, weight = 0)] a: String", "a weight is greater than zero and finite".into()),
        (
            "#[index(index_missing)] a: Option<u8>",
            "serde writes `None` as `null`, which is neither a value nor missing; write \
             `#[serde(skip_serializing_if = \"Option::is_none\")]` at the field"
                .into(),
        ),
        ("#[index(name)] a: u8", "expected a value: `name = \"email\"`".into()),
        (
            "#[index(name = \"first name\")] a: u8",
            "a search name is made of ASCII letters, digits and `_`, and does not begin with a digit".into(),
        ),
        (
            "#[index] #[index(text)] a: u8",
            "`a` has an index already; give this one a name, which its handle and its finder have too: \
             `#[index(…, name = \"a_text\")]`"
                .into(),
        ),
        (
            "#[index] #[index(text, name = \"self\")] a: u8",
            "`self` cannot be the name of a handle; choose another".into(),
        ),
        (
            "#[index] #[index(text, name = \"a\")] a: u8",
            "the handles of `a` and `a` would both be `A`; rename one of the fields, and keep its member with \
             `#[serde(rename = \"a\")]`"
                .into(),
        ),
        (
            "#[index(unf)] a: u8",
            "`unf` is for fields that answers are sorted by; write `sortable` before it, or remove `unf`".into(),
        ),
        (
            "#[index] b: u8, #[index(sortable, no_index, with_suffix_trie)] a: u8",
            "`no_index` leaves the values out of the index, so nothing else of it can be asked; keep `sortable` alone \
             beside it"
                .into(),
        ),
        (
            "#[index(sortable, no_index)] a: u8",
            "an index that only sorts holds no documents; index another field without `no_index`".into(),
        ),
        (
            "#[index(phonetic = \"en\")] a: u8",
            "`phonetic` is for TEXT fields; write `text` before it, or remove `phonetic`".into(),
        ),
        (
            "#[index(text, phonetic = \"de\")] a: u8",
            "the server does not know what `de` sounds like; write one of `en`, `fr`, `pt` and `es`".into(),
        ),
        ("#[index(flat, hnsw)] a: u8", "`flat` and `hnsw` exclude each other; keep one of them".into()),
        (
            "#[index(m = 16)] a: u8",
            "`m` is a parameter of HNSW; write `hnsw` before it, or remove `m`".into(),
        ),
        ("#[index(hnsw, m = 0)] a: u8", "expected a whole number greater than zero: `m = 16`".into()),
        (
            "#[index(hnsw, block_size = 8)] a: u8",
            "`block_size` is a parameter of FLAT; remove it or `hnsw`".into(),
        ),
        (
            "#[index(distance_metric = \"l1\")] a: u8",
            "`l1` is no distance metric; write one of `cosine`, `l2` and `ip`".into(),
        ),
        (
            "#[index(hnsw, epsilon = 0)] a: u8",
            "expected a number greater than zero: `epsilon = 0.01`".into(),
        ),
        (
            "#[cache(ttl = \"1s\")] a: u8",
            "`#[cache(…)]` of `CacheModel` belongs to the struct, not to a field; a part of the primary key may say \
             `#[cache(hash_tag)]`"
                .into(),
        ),
    ] {
        assert_eq!(message("", field), expected, "{field}");
    }
}
