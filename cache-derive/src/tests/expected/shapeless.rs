::core::compile_error! {
    "a model is a struct with named fields, and `Shapeless` is an enum; write `struct Shapeless { #[primary_key] id: String, … }`"
}
const _: () = {
    use ::cache_core::__private as __cache;
    impl __cache::IndexSchema for Shapeless {
        fn schema() -> &'static __cache::Schema {
            static SCHEMA: __cache::Schema = __cache::Schema::new(
                "Shapeless",
                "shapeless",
                "id",
                &[],
            );
            &SCHEMA
        }
    }
    impl Shapeless {}
    impl __cache::Model for Shapeless {
        type PrimaryKey = ::std::string::String;
        const TTL: ::core::option::Option<::core::time::Duration> = ::core::option::Option::None;
        fn primary_key(&self) -> &Self::PrimaryKey {
            loop {}
        }
    }
    impl __cache::Indexed for Shapeless {}
};
