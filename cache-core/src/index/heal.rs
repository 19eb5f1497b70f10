//! Making an index again that vanished: FLUSHDB on any database drops all of them, and so does a restart without
//! persistence, while documents may stay.

use cache_index::Schema;

use super::create::create;
use crate::cache::{Cache, Mark};
use crate::error::{Error, Result};

/// How many deadlines of the connection healing may take, waiting for others that do it included.
const DEADLINES: u32 = 4;

/// Makes an index again that was missing when it had this mark, unless another caller has done so since. One caller at a
/// time does; when it gives up or its future is dropped, the next one takes over.
///
/// # Errors
/// [`Error::IndexMissing`] if no migrator made or saw the index under this cache: then it did not vanish.
/// [`Error::IndexLeft`] if one saw it whose strategy is to leave indexes to somebody.
pub(super) async fn heal(cache: &Cache, schema: &'static Schema, index: &str, mark: Mark) -> Result<()> {
    let standing = cache.standing();
    let Some((healing, turns)) = standing.missing(index) else {
        return Err(Error::IndexMissing { model: schema.model(), index: index.to_owned() });
    };
    if !healing.creates {
        return Err(Error::IndexLeft { model: schema.model(), index: index.to_owned() });
    }
    let healing = async {
        let _turn = turns.heal.lock().await;
        if standing.has_changed(index, mark) {
            return Ok(());
        }
        // Before it is there: an answer that comes from the new index must not be taken for one of the old.
        standing.changed(index);
        create(cache, schema, index, healing.takes_alias).await?;
        standing.healed(index);
        Ok(())
    };
    let bound = cache.connection().deadline().saturating_mul(DEADLINES);
    match tokio::time::timeout(bound, healing).await {
        Ok(healed) => healed,
        Err(_) => Err(Error::Timeout { command: "FT.CREATE".to_owned(), after: bound }),
    }
}
