const _: () = {
    use ::cache_core::__private as __cache;
    impl __cache::IndexSchema for Order {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                    "Order",
                    "order",
                    "tenant",
                    &[
                        __cache::Entry::Field(Order::TENANT.def()),
                        __cache::Entry::Field(Order::NUMBER.def()),
                    ],
                )
                .with_further_keys(&["number"])
                .with_hash_tag(__cache::HashTag::Part(0));
            &SCHEMA
        }
    }
    __cache::register!(Order);
    impl Order {
        /// The field `tenant`: `$.tenant` in the document, not indexed.
        const TENANT: __cache::Field<
            Self,
            String,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("tenant");
        /// The field `number`: `$.number` in the document, not indexed.
        const NUMBER: __cache::Field<
            Self,
            u64,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("number");
    }
    impl __cache::Model for Order {
        type PrimaryKey = (String, u64);
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::None;
        fn primary_key(&self) -> (&String, &u64) {
            (&self.tenant, &self.number)
        }
    }
};
