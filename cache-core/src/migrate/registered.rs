//! The models of the binary, which the derive puts on a list before `main`.

use cache_index::{IndexSchema, Schema};

use super::Migrator;

/// A model that `#[derive(CacheModel)]` stands at, somewhere in the binary.
#[derive(Debug, Clone, Copy)]
pub struct RegisteredModel {
    schema: fn() -> &'static Schema,
}

inventory::collect!(RegisteredModel);

impl RegisteredModel {
    /// The model as an entry of the list.
    pub const fn of<M: IndexSchema>() -> Self {
        Self { schema: M::schema }
    }
}

impl Migrator {
    /// A migrator of every model of the binary: of each `#[derive(CacheModel)]` in it and in the crates that it uses,
    /// also of models without an index, whose prefixes are checked. In the order of their prefixes.
    ///
    /// They are found by the [`inventory`](https://docs.rs/inventory) crate, before `main`, so that nothing has to be
    /// kept up by hand. What is not there cannot be found: a model that a `cfg` leaves out, and the models of a
    /// dependency that no code names. What implements [`IndexSchema`] by hand, so everything that is generic, is
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
        let models = inventory::iter::<RegisteredModel>.into_iter();
        let mut schemas: Vec<_> = models.map(|model| (model.schema)()).collect();
        // The linker's order is none.
        schemas.sort_by_key(|schema| (schema.prefix(), schema.model()));
        schemas.into_iter().fold(Self::new(), Self::register_schema)
    }
}
