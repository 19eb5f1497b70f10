::core::compile_error! {
    "the prefix has an empty part: `:` separates parts, so it cannot stand at the ends or beside another"
}
::core::compile_error! {
    "unknown argument `sortible`; `#[index(…)]` of `CacheModel` takes one of `tag`, `numeric`, `text`, `geo`, `geoshape` and `vector`; of any kind `sortable`, `unf`, `no_index`, `index_missing`, `name = \"…\"`, `as = String`; of TAG `fold_case`, `separator = ','`, `with_suffix_trie`; of TEXT `no_stem`, `weight = 2.0`, `phonetic = \"en\"`, `index_empty`, `with_suffix_trie`; of GEOSHAPE `flat` or `spherical`; of VECTOR `flat` or `hnsw`, `distance_metric = \"cosine\"`, `initial_cap`, `block_size`, `m`, `ef_construction`, `ef_runtime` and `epsilon`"
}
::core::compile_error! {
    "`Mistaken` has no primary key; write `#[primary_key]` at the field that holds the id"
}
::core::compile_error! {
    "`fold_case` is for TAG fields: TEXT never distinguishes case; remove `fold_case`"
}
const _: () = {
    use ::cache_core::__private as __cache;
    impl __cache::IndexSchema for Mistaken {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                "Mistaken",
                "mistaken",
                "id",
                &[],
            );
            &SCHEMA
        }
    }
    impl Mistaken {
        /// The field `id`: `$.id` in the document, not indexed.
        const ID: __cache::Field<
            Self,
            String,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("id");
        /// The field `bio`: `$.bio` in the document, `@bio` in queries.
        const BIO: __cache::Field<
            Self,
            String,
            __cache::Text,
            __cache::Options<__cache::No>,
        > = __cache::Field::indexed("bio", "bio");
        /// The field `age`: `$.age` in the document, `@age` in queries.
        const AGE: __cache::Field<
            Self,
            u8,
            __cache::KindOf<u8>,
            __cache::Options<__cache::No>,
        > = __cache::Field::inferred("age", "age");
        /// The documents whose `bio` has all these words.
        fn find_by_bio(
            value: impl __cache::FindBy<__cache::ScalarOf<String>, __cache::Text>,
        ) -> __cache::Query<Self> {
            __cache::find_by(Self::BIO, value)
        }
        /// The documents with this `age`: a value, or of numbers also a range.
        fn find_by_age(
            value: impl __cache::FindBy<__cache::ScalarOf<u8>, __cache::KindOf<u8>>,
        ) -> __cache::Query<Self> {
            __cache::find_by(Self::AGE, value)
        }
    }
    impl __cache::Model for Mistaken {
        type PrimaryKey = ::std::string::String;
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
            ::core::time::Duration::from_millis(5000),
        );
        fn primary_key(&self) -> &Self::PrimaryKey {
            loop {}
        }
    }
    impl __cache::Indexed for Mistaken {}
};
