//! The models of the binary.

use super::Migrator;
use crate::cache::registered_schemas;

impl Migrator {
    /// A migrator of every model of the binary: of each `#[derive(CacheModel)]` in it and in the crates that it uses,
    /// also of models without an index, whose prefixes are checked. In the order of their prefixes.
    ///
    /// They are found by the [`inventory`](https://docs.rs/inventory) crate, before `main`, so that nothing has to be
    /// kept up by hand. What is not there cannot be found: a model that a `cfg` leaves out, and the models of a
    /// dependency that no code names. What implements [`IndexSchema`](cache_index::IndexSchema) by hand, so everything that is generic, is
    /// registered with [`register`](Migrator::register). A binary with models that are not meant for one
    /// cache, or in which two models have one name, registers them by hand.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, Migrator};
    /// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
    /// let migration = Migrator::all().run(&cache).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn all() -> Self {
        let mut schemas: Vec<_> = registered_schemas().collect();
        // The linker's order is none.
        schemas.sort_by_key(|schema| (schema.prefix(), schema.model()));
        schemas.into_iter().fold(Self::new(), Self::register_schema)
    }
}
