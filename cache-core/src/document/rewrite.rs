//! Bringing a stored document to another form: only the members that differ are written, and only if the document is
//! still the one that was read.

use bytes::Bytes;
use cache_index::{Command, DecodeError, Reply, write_json};
use serde_json::Value;

use super::encode::refuse_unindexable;
use super::keyed::same_key;
use super::read::{refused, unreadable};
use super::stamp::{STAMP, take_version};
use super::unique::{self, Claims, Guarded, guard};
use crate::cache::{Cache, Carried};
use crate::error::{Error, Result};
use crate::model::{JsonMap, Model};
use crate::script::Script;

/// How many lists and objects the server and serde read within each other.
const DEEPEST: usize = 127;

/// KEYS: the document, then see [`guard!`](guard), with the hash of the condition before the fence. ARGV: the fence, see there; the
/// document as it was read; the field and the value that the hash must have, or twice nothing without a condition; then see
/// `guard!`; then for each change the path, and the JSON or nothing for a member that is to go.
///
/// Answers `{'stored', what settle answers}`, or why nothing was touched: `{'unless'}` if the condition does not hold, `{'missing'}`,
/// `{'changed'}`, or what `guard!` says. All of the document is compared, so that nothing that anybody wrote meanwhile is lost.
const REWRITE: Script = Script {
    source: guard!(
        "local key = KEYS[1]
if ARGV[3] ~= '' and redis.call('HGET', KEYS[#KEYS - (number and 1 or 0)], ARGV[3]) ~= ARGV[4] then return {'unless'} end
local found = redis.call('JSON.GET', key)
if not found then return {'missing'} end
if found ~= ARGV[2] then return {'changed'} end
local at, refusal = unclaimed(key, 5)
if refusal then return refusal end
while at <= #ARGV do
  if ARGV[at + 1] == '' then
    redis.call('JSON.DEL', key, ARGV[at])
  else
    redis.call('JSON.SET', key, ARGV[at], ARGV[at + 1])
  end
  at = at + 2
end
return {'stored', settle(key)}"
    ),
    sha1: "ffb0c335ea9213b8aaa416d377ee102dfd4827bc",
};

/// A document as it is on the server.
pub(crate) struct StoredForm {
    pub(crate) key: Bytes,
    raw: Bytes,
    /// The version of its form.
    pub(crate) version: u32,
    /// Its members but for the version.
    pub(crate) members: JsonMap,
}

/// A change of a document's form on its way to the server.
pub(crate) struct Rewrite {
    key: Bytes,
    raw: Bytes,
    /// The path of each change, and the JSON; none: the member goes.
    changes: Vec<(String, Vec<u8>)>,
    claims: Option<Claims>,
    fence: Option<Carried>,
    condition: Option<OnlyIf>,
}

/// What must be so for a change to be made, on a single server: a field of a hash has this value.
#[derive(Debug, Clone)]
pub(crate) struct OnlyIf {
    pub(crate) key: Bytes,
    pub(crate) field: &'static str,
    pub(crate) value: Bytes,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rewritten {
    /// It was made.
    Stored,
    /// Somebody else changed the document since it was read; it is to be read again.
    Changed,
    /// The document is gone.
    Missing,
    /// The condition does not hold.
    Unless,
}

impl StoredForm {
    /// The document in this JSON.
    ///
    /// # Errors
    /// [`Error::Document`] if it is no object, or its version no version.
    pub(crate) fn read<M: Model>(key: Bytes, raw: Bytes) -> Result<Self> {
        let refuse = |source| refused::<M>(&key, source);
        let mut members: JsonMap = serde_json::from_slice(&raw).map_err(refuse)?;
        let version = take_version(&mut members).map_err(refuse)?;
        Ok(Self { key, raw, version, members })
    }

    /// The document with these members and this version. A `#[version]` counts it as a write.
    ///
    /// # Errors
    /// If the document could not be stored, or if it `is_read` by the model and could not be, or would be another one's.
    pub(crate) fn rewrite<M: Model>(
        &self,
        cache: &Cache,
        mut members: JsonMap,
        version: u32,
        is_read: bool,
    ) -> Result<Rewrite> {
        let schema = M::schema();
        members.remove(STAMP);
        if let Some((member, most)) = schema.version() {
            let held = self.members.get(member).filter(|held| !held.is_null());
            let held = held.map_or(Some(0), Value::as_u64);
            let next = held.and_then(|held| held.checked_add(1)).filter(|next| *next <= most);
            let next = next.ok_or(Error::NoNextVersion { model: schema.model() })?;
            members.insert(member.to_owned(), next.into());
        }
        let document = Value::Object(members);
        if is_read {
            let model = M::deserialize(&document).map_err(|source| refused::<M>(&self.key, source))?;
            same_key(cache, &model, &self.key)?;
        }
        refuse_unindexable(schema, &document)?;
        if depth(&document) > DEEPEST {
            let source =
                serde::de::Error::custom(format!("more than {DEEPEST} lists and objects within each other"));
            return Err(refused::<M>(&self.key, source));
        }
        let Value::Object(mut members) = document else { return Err(unreadable("JSON.GET", &Reply::Nil)) };
        let claims = Claims::of_change(cache, schema, &self.key, &self.members, &members)?;
        members.insert(STAMP.to_owned(), version.into());
        let changes =
            self.changes_to(&members).map_err(|source| Error::Serialize { model: schema.model(), source })?;
        let fence = cache.carried(schema, &self.key)?;
        Ok(Rewrite { key: self.key.clone(), raw: self.raw.clone(), changes, claims, fence, condition: None })
    }

    /// The members that differ: what is left alone is not written, so that no number of it is rounded.
    fn changes_to(&self, members: &JsonMap) -> Result<Vec<(String, Vec<u8>)>, serde_json::Error> {
        let written = |value: &Value| {
            let mut json = Vec::new();
            write_json(&mut json, value).map(|()| json)
        };
        let gone = self.members.keys().filter(|member| !members.contains_key(*member));
        let set = members.iter().filter(|(member, value)| self.members.get(*member) != Some(*value));
        if gone.clone().chain(set.clone().map(|(member, _)| member)).any(|member| !has_path(member)) {
            return Ok(vec![("$".to_owned(), written(&Value::Object(members.clone()))?)]);
        }
        let mut changes: Vec<_> = gone.map(|member| (path(member), Vec::new())).collect();
        for (member, value) in set {
            changes.push((path(member), written(value)?));
        }
        Ok(changes)
    }
}

/// Whether the server reads a quoted path of this member as JSON does.
fn has_path(member: &str) -> bool {
    !member.is_empty() && !member.contains(['"', '\\', '\'']) && !member.contains(char::is_control)
}

fn path(member: &str) -> String {
    format!("$[\"{member}\"]")
}

/// How many lists and objects are within each other.
fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + below.unwrap_or_default()
}

impl Rewrite {
    /// The same, if the condition holds then.
    pub(crate) fn only_if(self, condition: Option<OnlyIf>) -> Self {
        Self { condition, ..self }
    }

    /// Makes it, if the document is still the same.
    pub(crate) async fn run(mut self, cache: &Cache) -> Result<Rewritten> {
        answer(&unique::run(cache, &mut self).await?)
    }

    /// Makes many in one round trip: one result each, in order. The flag says whether the server could be reached.
    pub(crate) async fn run_many(cache: &Cache, mut calls: Vec<Self>) -> (Vec<Result<Rewritten>>, bool) {
        let (replies, reached) = unique::run_many(cache, &mut calls).await;
        (replies.into_iter().map(|reply| answer(&reply?)).collect(), reached)
    }
}

fn answer(reply: &Reply) -> Result<Rewritten> {
    let word = match reply {
        Reply::Array(items) => items.first().and_then(Reply::as_str),
        _ => None,
    };
    match word {
        Some("stored") => Ok(Rewritten::Stored),
        Some("changed") => Ok(Rewritten::Changed),
        Some("missing") => Ok(Rewritten::Missing),
        Some("unless") => Ok(Rewritten::Unless),
        _ => Err(Error::Decode {
            command: "EVALSHA".to_owned(),
            source: DecodeError::unexpected("whether the document was stored", reply.describe()),
        }),
    }
}

impl Guarded for Rewrite {
    fn script(&self) -> Option<&'static Script> {
        Some(&REWRITE)
    }

    fn command(&self) -> Command {
        let claims = self.claims.as_ref();
        let more = self.condition.as_ref().map(|condition| &*condition.key);
        let call = unique::call(&REWRITE, &self.key, claims, more, self.fence.as_ref()).arg(&self.raw);
        let call = match &self.condition {
            Some(condition) => call.arg(condition.field).arg(&condition.value),
            None => call.arg("").arg(""),
        };
        let call = unique::guarded(call, claims);
        let call = self.changes.iter().fold(call, |call, (path, json)| call.arg(path).arg(json));
        // A second time the document is another one, unless it was as before once more.
        call.repeatable()
    }

    fn key(&self) -> &[u8] {
        &self.key
    }

    fn fence(&self) -> Option<&Carried> {
        self.fence.as_ref()
    }

    fn claims(&mut self) -> Option<&mut Claims> {
        self.claims.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(value: Value) -> JsonMap {
        match value {
            Value::Object(members) => members,
            other => panic!("{other}"),
        }
    }

    fn changes(before: Value, after: Value) -> Vec<(String, String)> {
        let form = StoredForm { key: Bytes::new(), raw: Bytes::new(), version: 1, members: members(before) };
        let changes = form.changes_to(&members(after)).unwrap();
        changes.into_iter().map(|(path, json)| (path, String::from_utf8(json).unwrap())).collect()
    }

    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&REWRITE);
    }

    #[test]
    fn only_what_differs_is_written() {
        let before =
            json!({"id": 1, "name": "Ann Lee", "weight": 3.300_000_000_000_000_3, "list": [1, {"a": 2}]});
        let after =
            json!({"id": 1, "weight": 3.300_000_000_000_000_3, "list": [1, {"a": 3}], "größe": "Ann"});
        let change = |path: &str, json: &str| (path.to_owned(), json.to_owned());
        assert_eq!(
            changes(before, after),
            [
                change(r#"$["name"]"#, ""),
                change("$[\"größe\"]", r#""Ann""#),
                change(r#"$["list"]"#, r#"[1,{"a":3}]"#)
            ]
        );
    }

    #[test]
    fn what_no_path_leads_to_is_written_with_everything() {
        for member in ["a\"b", "a\\b", "a\nb", ""] {
            let whole = json!({"id": 1, member: 2}).to_string();
            assert_eq!(changes(json!({"id": 1}), json!({"id": 1, member: 2})), [("$".to_owned(), whole)]);
            assert_eq!(changes(json!({"id": 1, member: 2}), json!({"id": 1, member: 2})), []);
        }
    }

    #[test]
    fn depth_is_counted() {
        assert_eq!(depth(&json!(1)), 0);
        assert_eq!(depth(&json!({"a": [[], {"b": 1}]})), 3);
    }
}
