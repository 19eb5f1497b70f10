const _: () = {
    use ::cache_core::__private as __cache;
    impl __cache::IndexSchema for UserSession {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                "UserSession",
                "user_session",
                "user_id",
                &[
                    __cache::Entry::Field(UserSession::USER_ID.def()),
                    __cache::Entry::Field(UserSession::EMAIL.def()),
                    __cache::Entry::Field(UserSession::EXPIRES_AT.def()),
                    __cache::Entry::Field(UserSession::BIO.def()),
                    __cache::Entry::Field(UserSession::DEVICE.def()),
                ],
            );
            &SCHEMA
        }
    }
    __cache::register!(UserSession);
    impl UserSession {
        /// The field `user_id`: `$.user_id` in the document, not indexed.
        const USER_ID: __cache::Field<
            Self,
            String,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("user_id");
        /// The field `email`: `$.email` in the document, `@email` in queries.
        const EMAIL: __cache::Field<
            Self,
            String,
            __cache::KindOf<String>,
            __cache::Options<__cache::No>,
        > = __cache::Field::inferred("email", "email");
        /// The field `expires_at`: `$.expires_at` in the document, `@expires_at` in queries.
        const EXPIRES_AT: __cache::Field<
            Self,
            i64,
            __cache::KindOf<i64>,
            __cache::Options<__cache::Yes>,
        > = __cache::Field::inferred("expires_at", "expires_at").sortable();
        /// The field `bio`: `$.bio` in the document, `@bio` in queries.
        const BIO: __cache::Field<
            Self,
            String,
            __cache::Text,
            __cache::Options<__cache::No>,
        > = __cache::Field::indexed("bio", "bio");
        /// The field `device`: `$.device` in the document, not indexed.
        const DEVICE: __cache::Field<
            Self,
            Option<String>,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("device");
        /// The documents with this `email`: a value, or of numbers also a range.
        fn find_by_email(
            value: impl __cache::FindBy<
                __cache::ScalarOf<String>,
                __cache::KindOf<String>,
            >,
        ) -> __cache::Query<Self> {
            __cache::find_by(Self::EMAIL, value)
        }
        /// The documents with this `expires_at`: a value, or of numbers also a range.
        fn find_by_expires_at(
            value: impl __cache::FindBy<__cache::ScalarOf<i64>, __cache::KindOf<i64>>,
        ) -> __cache::Query<Self> {
            __cache::find_by(Self::EXPIRES_AT, value)
        }
        /// The documents whose `bio` has all these words.
        fn find_by_bio(
            value: impl __cache::FindBy<__cache::ScalarOf<String>, __cache::Text>,
        ) -> __cache::Query<Self> {
            __cache::find_by(Self::BIO, value)
        }
    }
    impl __cache::Model for UserSession {
        type PrimaryKey = String;
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
            ::core::time::Duration::from_millis(1800000),
        );
        fn primary_key(&self) -> &Self::PrimaryKey {
            &self.user_id
        }
    }
    impl __cache::Indexed for UserSession {}
};
