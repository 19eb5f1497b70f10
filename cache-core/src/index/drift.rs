//! Whether an index is the one that its model says.

use cache_index::{Difference, IndexInfo, Keyspace, Schema};

use crate::cache::{Cache, Look, Wants};
use crate::error::Result;

/// How an index differs from what the schema says, fields more left aside: a later release adds them in place.
pub(crate) fn drift(schema: &Schema, keyspace: &Keyspace, info: &IndexInfo) -> Vec<Difference> {
    let differences = info.definition.differences(&schema.definition(keyspace));
    let harmless = |one: &Difference| matches!(one, Difference::Removed(_) | Difference::Reordered);
    if differences.iter().all(harmless) { Vec::new() } else { differences }
}

/// Whether it is another one than the schema says, as far as the server tells.
pub(super) fn is_another(schema: &Schema, keyspace: &Keyspace, info: &IndexInfo) -> bool {
    // One that says nothing of the fields says nothing of other ones either.
    !info.definition.fields.is_empty() && !drift(schema, keyspace, info).is_empty()
}

/// Takes what was seen of an index into what is known of it; what is to be done then.
pub(crate) fn saw(cache: &Cache, schema: &Schema, index: &str, look: &Look) -> Result<Wants> {
    let drifted = is_another(schema, cache.keyspace()?, &look.info);
    Ok(cache.standing().saw(index, look, drifted))
}
