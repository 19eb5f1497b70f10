//! What a project gives its name to.

use cache_index::{DEFAULT_GLOBAL, Keyspace, NameError, check_name};

/// The namespace of a project's documents.
pub(crate) fn keyspace_of_project(name: &str) -> Result<Keyspace, NameError> {
    check_name("project", name)?;
    Keyspace::new(&format!("{name}:{DEFAULT_GLOBAL}"))
}
