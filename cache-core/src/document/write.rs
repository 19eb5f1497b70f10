//! Writing and deleting documents by their keys.

use cache_index::{Batch, Command, FieldKind, JsonType, MAX_SEPARATED_TAG, Schema, write_json};
use serde_json::Value;

use super::expiry::millis;
use super::{keyed, truth};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;

/// What a save did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a degraded cache stores nothing; `stored()` says whether it did"]
#[non_exhaustive]
pub struct Saved {
    stored: bool,
    version: Option<u64>,
}

impl Saved {
    /// Whether the document is on the server. A cache without a server stores nothing.
    pub fn stored(&self) -> bool {
        self.stored
    }

    /// The document's new version; `None` for models that have none.
    pub fn version(&self) -> Option<u64> {
        self.version
    }
}

pub(crate) fn save<M: Model>(model: &M, cache: &Cache) -> impl Future<Output = Result<Saved>> + Send {
    let commands = write_commands(model, cache);
    async move {
        cache.capabilities().require_json("`save`")?;
        let (set, expire) = commands?;
        match expire {
            None => cache.command(set).await.map(drop)?,
            Some(expire) => {
                let answers = cache.connection().send_all(Batch::atomic(vec![set, expire])).await?;
                answers.into_iter().collect::<Result<Vec<_>>>()?;
            }
        }
        Ok(Saved { stored: true, version: None })
    }
}

pub(crate) fn delete<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<bool>> + Send {
    truth(cache, keyed::<M>(cache, Command::new("DEL"), id))
}

fn write_commands<M: Model>(model: &M, cache: &Cache) -> Result<(Command, Option<Command>)> {
    let schema = M::schema();
    let set = keyed::<M>(cache, Command::new("JSON.SET"), model.primary_key())?.arg("$");
    let mut written = Ok(());
    let set = set.arg_with(|buffer| {
        let start = buffer.len();
        written = write_json(buffer, model)
            .map_err(|source| Error::Serialize { model: schema.model(), source })
            .and_then(|()| refuse_unindexable(schema, buffer.get(start..).unwrap_or_default()));
    });
    written?;
    let expire = M::TTL
        .map(|ttl| {
            Ok::<_, Error>(
                keyed::<M>(cache, Command::new("PEXPIRE"), model.primary_key())?.arg_display(millis(ttl)),
            )
        })
        .transpose()?;
    Ok((set, expire))
}

/// Refuses what the index could not hold: U+0000 in strings, and tags longer than it can count.
///
/// Nearly every document is known to have neither after one look at its bytes (it is short, and serde_json writes
/// U+0000 as an escape); only the others are read again.
fn refuse_unindexable(schema: &'static Schema, json: &[u8]) -> Result<()> {
    const NUL: &[u8] = br"\u0000";
    if json.len() <= MAX_SEPARATED_TAG && !json.windows(NUL.len()).any(|bytes| bytes == NUL) {
        return Ok(());
    }
    let serialize = |source| Error::Serialize { model: schema.model(), source };
    let document: Value = serde_json::from_slice(json).map_err(serialize)?;
    for field in schema.indexed().filter(|field| field.json() == JsonType::String) {
        for text in field.values(&document).into_iter().filter_map(Value::as_str) {
            let (model, field) = (schema.model(), field);
            if text.contains('\0') {
                return Err(Error::NulCharacter { model, field: field.name() });
            }
            let longest = match field.tag_separator() {
                Some(separator) => text.split(separator).map(str::len).max().unwrap_or_default(),
                None => text.len(),
            };
            let most = field.longest_tag();
            if field.kind() == FieldKind::Tag && longest > most {
                return Err(Error::TagTooLong { model, field: field.name(), length: longest, most });
            }
        }
    }
    Ok(())
}
