const _: () = {
    use ::cache_core::__private as __cache;
    impl __cache::IndexSchema for Account {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                    "Account",
                    "account",
                    "id",
                    &[
                        __cache::Entry::Field(Account::ID.def()),
                        __cache::Entry::Field(Account::EMAIL.def()),
                        __cache::Entry::Field(Account::TENANT.def()),
                        __cache::Entry::Field(Account::TYPE.def()),
                    ],
                )
                .with_unique(
                    &[
                        &[__cache::unique_member::<Option<String>>("email")],
                        &[
                            __cache::unique_member::<String>("tenant"),
                            __cache::unique_member::<u8>("type"),
                        ],
                    ],
                );
            &SCHEMA
        }
    }
    __cache::register!(Account);
    impl Account {
        /// The field `id`: `$.id` in the document, not indexed.
        pub const ID: __cache::Field<
            Self,
            u64,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("id");
        /// The field `email`: `$.email` in the document, not indexed.
        pub const EMAIL: __cache::Field<
            Self,
            Option<String>,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("email");
        /// The field `tenant`: `$.tenant` in the document, not indexed.
        pub const TENANT: __cache::Field<
            Self,
            String,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("tenant");
        /// The field `type`: `$.type` in the document, not indexed.
        pub const TYPE: __cache::Field<
            Self,
            u8,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("type");
        /// The document with this `email`, of which there is at most one; `None` if there is none. Two key reads, and no search.
        ///
        /// # Errors
        /// As `get`.
        pub fn get_by_email<'a>(
            cache: &'a __cache::Cache,
            value: impl __cache::UniqueOperand<Option<String>>,
        ) -> __cache::BoxFuture<'a, __cache::Result<::core::option::Option<Self>>> {
            __cache::get_by_unique(
                cache,
                0usize,
                [__cache::UniqueOperand::<Option<String>>::unique_json(value)],
            )
        }
        /// The document with this `tenant` and `type`, of which there is at most one; `None` if there is none. Two key reads, and no search.
        ///
        /// # Errors
        /// As `get`.
        pub fn get_by_tenant_and_type<'a>(
            cache: &'a __cache::Cache,
            value_0: impl __cache::UniqueOperand<String>,
            value_1: impl __cache::UniqueOperand<u8>,
        ) -> __cache::BoxFuture<'a, __cache::Result<::core::option::Option<Self>>> {
            __cache::get_by_unique(
                cache,
                1usize,
                [
                    __cache::UniqueOperand::<String>::unique_json(value_0),
                    __cache::UniqueOperand::<u8>::unique_json(value_1),
                ],
            )
        }
    }
    impl __cache::Model for Account {
        type PrimaryKey = u64;
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::None;
        fn primary_key(&self) -> &Self::PrimaryKey {
            &self.id
        }
    }
};
