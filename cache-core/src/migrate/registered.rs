//! The models of the binary, which the derive puts on a list before `main`.

use cache_index::{IndexSchema, Schema};

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

/// The schemas of all of them, in the order of their prefixes: the linker's order is none.
pub(super) fn schemas() -> Vec<&'static Schema> {
    let mut schemas: Vec<_> = inventory::iter::<RegisteredModel>.into_iter().map(|model| (model.schema)()).collect();
    schemas.sort_by_key(|schema| (schema.prefix(), schema.model()));
    schemas
}
