const _: () = {
    use ::cache_core::__private as __cache;
    impl __cache::IndexSchema for Versioned {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                    "Versioned",
                    "versioned",
                    "id",
                    &[
                        __cache::Entry::Field(Versioned::ID.def()),
                        __cache::Entry::Field(Versioned::VERSION.def()),
                    ],
                )
                .with_version("version", <u32 as __cache::VersionValue>::MOST);
            &SCHEMA
        }
    }
    __cache::register!(Versioned);
    impl Versioned {
        /// The field `id`: `$.id` in the document, not indexed.
        pub const ID: __cache::Field<
            Self,
            u64,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("id");
        /// The field `version`: `$.version` in the document, not indexed.
        pub const VERSION: __cache::Field<
            Self,
            u32,
            __cache::Stored,
            __cache::Options<__cache::No>,
        > = __cache::Field::stored("version");
    }
    impl __cache::Model for Versioned {
        type PrimaryKey = u64;
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::None;
        fn primary_key(&self) -> &Self::PrimaryKey {
            &self.id
        }
        fn document_version(&self) -> ::core::option::Option<u64> {
            <u32 as __cache::VersionValue>::count(self.version)
        }
    }
    impl __cache::Versioned for Versioned {
        fn set_version(&mut self, version: u64) {
            self.version = <u32 as __cache::VersionValue>::counted(version);
        }
    }
    impl Versioned {
        /// Changes the `Versioned` with this primary key: reads it, lets the closure change it, and stores it unless somebody else stored another one meanwhile; then all of that again, with the newer one, after a short wait of random length. Answers the document as it is stored. A `ttl` of the model starts anew.
        ///
        /// The closure may be called many times, and leaves the primary key as it is; what it does to the version has no effect. When the future is dropped, the last change may or may not be stored.
        ///
        /// # Errors
        /// `NotFound` if there is none, `VersionConflict` if others were faster for 30 seconds, `OtherKey` if the primary key was changed; else as `save`.
        pub async fn modify(
            cache: &__cache::Cache,
            id: impl __cache::Id<
                <Self as __cache::Model>::PrimaryKey,
            > + ::core::marker::Send,
            change: impl ::core::ops::FnMut(&mut Self) + ::core::marker::Send,
        ) -> __cache::Result<Self> {
            __cache::modify(cache, id, change).await
        }
    }
};
