//! What a connection of the tests hands on to the one below it.

/// These methods of a [`Connection`](cache_core::Connection), asked of the one in this field. All others are its own, or those that
/// the trait provides.
///
/// ```
/// # use std::sync::Arc;
/// # use cache_core::{Command, Connection, Reply, Result};
/// struct Named {
///     inner: Arc<dyn Connection>,
/// }
///
/// impl Connection for Named {
///     fn send(&self, command: Command) -> futures_core::future::BoxFuture<'_, Result<Reply>> {
///         println!("{}", command.name());
///         self.inner.send(command)
///     }
///
///     cache_tests::hand_on!(inner: send_all, capabilities, pushes, generation, deadline);
/// }
/// ```
#[macro_export]
macro_rules! hand_on {
    (@send $inner:tt) => {
        fn send(
            &self,
            command: ::cache_core::Command,
        ) -> ::futures_core::future::BoxFuture<'_, ::cache_core::Result<::cache_core::Reply>> {
            self.$inner.send(command)
        }
    };
    (@send_all $inner:tt) => {
        fn send_all(
            &self,
            batch: ::cache_core::Batch,
        ) -> ::futures_core::future::BoxFuture<
            '_,
            ::cache_core::Result<Vec<::cache_core::Result<::cache_core::Reply>>>,
        > {
            self.$inner.send_all(batch)
        }
    };
    (@capabilities $inner:tt) => {
        fn capabilities(&self) -> &::cache_core::Capabilities {
            self.$inner.capabilities()
        }
    };
    (@pushes $inner:tt) => {
        fn pushes(&self) -> Option<::cache_core::connection::PushStream> {
            self.$inner.pushes()
        }
    };
    (@generation $inner:tt) => {
        fn generation(&self) -> u64 {
            self.$inner.generation()
        }
    };
    (@notices_flushes $inner:tt) => {
        fn notices_flushes(&self) -> bool {
            self.$inner.notices_flushes()
        }
    };
    (@changes_of $inner:tt) => {
        fn changes_of(&self, key: &[u8]) -> Option<::cache_core::connection::KeyChanges> {
            self.$inner.changes_of(key)
        }
    };
    (@tracking $inner:tt) => {
        fn tracking(
            &self,
            told: ::std::sync::Arc<dyn ::cache_core::connection::Invalidations>,
        ) -> Option<::cache_core::Result<::std::sync::Arc<dyn ::cache_core::Connection>>> {
            self.$inner.tracking(told)
        }
    };
    (@deadline $inner:tt) => {
        fn deadline(&self) -> ::std::time::Duration {
            self.$inner.deadline()
        }
    };
    ($inner:tt: $($method:ident),+ $(,)?) => {
        $($crate::hand_on!(@$method $inner);)+
    };
}
