//! Writing and deleting documents by their keys.

use cache_index::{Batch, Command, JsonType, Schema, write_json};
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
            .and_then(|()| refuse_nul(schema, buffer.get(start..).unwrap_or_default()));
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

/// Refuses U+0000 in indexed strings. serde_json writes it as an escape, so nearly every document is known to
/// have none after one look at its bytes; only the others are read again.
fn refuse_nul(schema: &'static Schema, json: &[u8]) -> Result<()> {
    const ESCAPED: &[u8] = br"\u0000";
    if !json.windows(ESCAPED.len()).any(|bytes| bytes == ESCAPED) {
        return Ok(());
    }
    let serialize = |source| Error::Serialize { model: schema.model(), source };
    let document: Value = serde_json::from_slice(json).map_err(serialize)?;
    let has_nul = |value: &Value| value.as_str().is_some_and(|text| text.contains('\0'));
    let refused = schema.indexed().filter(|field| field.json() == JsonType::String).find(|field| {
        document.get(field.member()).is_some_and(|value| match value {
            Value::Array(items) => items.iter().any(has_nul),
            value => has_nul(value),
        })
    });
    match refused {
        None => Ok(()),
        Some(field) => Err(Error::NulCharacter { model: schema.model(), field: field.member() }),
    }
}
