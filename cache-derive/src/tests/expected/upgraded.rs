const _: () = {
    use ::cache_core::__private as __cache;
    impl __cache::IndexSchema for Upgraded {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                "Upgraded",
                "upgraded",
                "id",
                &[__cache::Entry::Field(Upgraded::ID.def())],
            );
            &SCHEMA
        }
    }
    __cache::register!(Upgraded);
    impl Upgraded {
        /// The field `id`: `$.id` in the document, not indexed.
        pub const ID: __cache::Field<
            Self,
            u64,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("id");
    }
    impl __cache::Model for Upgraded {
        type PrimaryKey = u64;
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::None;
        fn primary_key(&self) -> &Self::PrimaryKey {
            &self.id
        }
        const SCHEMA_VERSION: ::core::option::Option<u32> = ::core::option::Option::Some(
            3,
        );
        fn upgrade_document(
            from: u32,
            document: &mut __cache::JsonMap,
        ) -> ::core::result::Result<(), __cache::BoxError> {
            upgrades::user(from, document).map_err(::core::convert::Into::into)
        }
    }
};
