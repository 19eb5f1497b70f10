const _: () = {
    use crate::cache::__private as __cache;
    impl __cache::IndexSchema for HTTPServer {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                "HTTPServer",
                "http_server",
                "type",
                &[
                    __cache::Entry::Field(HTTPServer::HOST_NAME.def()),
                    __cache::Entry::Field(HTTPServer::TYPE.def()),
                    __cache::Entry::Field(HTTPServer::OWNER.def()),
                    __cache::Entry::Field(HTTPServer::CODE.def()),
                    __cache::Entry::Field(HTTPServer::TAGS.def()),
                ],
            );
            &SCHEMA
        }
    }
    __cache::register!(HTTPServer);
    impl HTTPServer {
        /// Where it listens.
        ///
        /// The field `host_name`: `$.hostName` in the document, `@host` in queries.
        pub(crate) const HOST_NAME: __cache::Field<
            Self,
            String,
            __cache::Tag,
            __cache::Options<__cache::Yes>,
        > = __cache::Field::indexed("hostName", "host").fold_case().sortable();
        /// The field `type`: `$.type` in the document, `@type` in queries.
        pub(crate) const TYPE: __cache::Field<
            Self,
            u16,
            __cache::Numeric,
            __cache::Options<__cache::No>,
        > = __cache::Field::indexed("type", "type");
        /// The field `owner`: `$["first owner"]` in the document, not indexed.
        pub(crate) const OWNER: __cache::Field<
            Self,
            Option<Owner>,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("first owner");
        /// The field `code`: `$.code` in the document, not indexed.
        pub(crate) const CODE: __cache::Field<
            Self,
            Code,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("code");
        /// The field `tags`: `$.tags` in the document, `@tags` in queries.
        pub(crate) const TAGS: __cache::Field<
            Self,
            Vec<Tag>,
            __cache::KindOf<Vec<Tag>>,
            __cache::Options<__cache::No>,
        > = __cache::Field::inferred("tags", "tags");
        /// The documents with this `host_name`.
        pub(crate) fn find_by_host_name(
            value: impl __cache::FindBy<__cache::ScalarOf<String>, __cache::Tag>,
        ) -> __cache::Query<Self> {
            __cache::find_by(Self::HOST_NAME, value)
        }
        /// The documents with this `type`: a value or a range.
        pub(crate) fn find_by_type(
            value: impl __cache::FindBy<__cache::ScalarOf<u16>, __cache::Numeric>,
        ) -> __cache::Query<Self> {
            __cache::find_by(Self::TYPE, value)
        }
        /// The documents with this `tags`: a value, or of numbers also a range.
        pub(crate) fn find_by_tags(
            value: impl __cache::FindBy<
                __cache::ScalarOf<Vec<Tag>>,
                __cache::KindOf<Vec<Tag>>,
            >,
        ) -> __cache::Query<Self> {
            __cache::find_by(Self::TAGS, value)
        }
    }
    impl __cache::Model for HTTPServer {
        type PrimaryKey = u16;
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::None;
        fn primary_key(&self) -> &Self::PrimaryKey {
            &self.r#type
        }
    }
    impl __cache::Indexed for HTTPServer {}
};
