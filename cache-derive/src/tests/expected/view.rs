const _: () = {
    use ::cache_core::__private as __cache;
    #[allow(unused_imports)]
    use __cache::NotScalar as _;
    const _: () = {
        #[allow(unused_imports, clippy::wildcard_imports)]
        use __cache::default_form::*;
        type __CacheModel = Card;
        type __CacheField = DateTime<Utc>;
        const _: () = {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use cache_core::epoch_millis::*;
            impl __cache::ReadWith<2> for __CacheModel {
                type As = __CacheForm<__CacheField>;
            }
        };
    };
    const __MEMBERS: &[__cache::Member] = &[
        __cache::Member::new(
            "userId",
            <store::User>::USER_ID.read_as::<String, _>(),
            __cache::IsScalar::<String>::SCALAR,
        ),
        __cache::Member::new(
            "types",
            <store::User>::ADDRESSES.r#type.read_as::<Vec<String>, _>(),
            __cache::IsScalar::<Vec<String>>::SCALAR,
        ),
        __cache::Member::new(
            "seen",
            <store::User>::SEEN.read_as::<<Card as __cache::ReadWith<2>>::As, _>(),
            __cache::IsScalar::<<Card as __cache::ReadWith<2>>::As>::SCALAR,
        ),
        __cache::Member::new(
            "ip",
            <store::User>::IP.read_as::<String, _>(),
            __cache::IsScalar::<String>::SCALAR,
        ),
        __cache::Member::new(
            "x",
            <store::User>::LIKES.read_as::<__cache::NoForm<u64>, _>(),
            __cache::IsScalar::<__cache::NoForm<u64>>::SCALAR,
        ),
    ];
    impl __cache::Row<store::User> for Card {
        const LOADS: __cache::Loads = __cache::Loads::members(__MEMBERS);
        fn read(hit: &__cache::Hit) -> __cache::Result<Self> {
            __cache::read_view::<store::User, Self>(hit, "Card")
        }
    }
};
