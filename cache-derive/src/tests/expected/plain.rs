const _: () = {
    use ::cache_core::__private as __cache;
    impl __cache::IndexSchema for Plain {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                "Plain",
                "plain",
                "id",
                &[
                    __cache::Entry::Field(Plain::ID.def()),
                    __cache::Entry::Field(Plain::REST.def()),
                ],
            );
            &SCHEMA
        }
    }
    __cache::register!(Plain);
    impl Plain {
        /// The field `id`: `$.id` in the document, not indexed.
        pub const ID: __cache::Field<
            Self,
            u64,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("id");
        /// The field `rest`: `$.rest` in the document, not indexed.
        pub const REST: __cache::Field<
            Self,
            Vec<Vec<String>>,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("rest");
    }
    impl __cache::Model for Plain {
        type PrimaryKey = u64;
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::None;
        fn primary_key(&self) -> &Self::PrimaryKey {
            &self.id
        }
    }
};
