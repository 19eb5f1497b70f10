//! Partial updates: some fields of a document changed in one step, typed by their handles.

// A file imports from those before it: number, assign, target, readable, script, change, call, this one, many.

mod assign;
#[cfg(feature = "rust_decimal")]
mod assign_decimal;
mod call;
mod change;
mod many;
mod number;
mod readable;
mod script;
mod target;

use std::fmt::{self, Display};
use std::marker::PhantomData;

use cache_index::{Command, Field, FieldDef, Reply};
use serde_json::Value;

use self::call::{Call, Patched, claims, unreadable};
use self::change::{Change, Kind, complete, refused};
use self::target::Target;
use super::encode::{may_be_unindexable, refuse_unindexable};
use super::keyed::{key_of, keyed_by};
use super::read::decode;
use super::saved::Saved;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::patch_error::PatchError;
use crate::primary_key::Id;

pub use assign::{Assign, List, Optional};
pub use number::{Amount, Increment, Number, NumberRange};
#[cfg(feature = "testkit")]
pub(crate) use script::PATCH;
#[cfg(feature = "testkit")]
pub(crate) use target::members_of;

/// How many lists and structs the server and serde read within each other.
const DEEPEST: usize = 127;

/// What a [`Patch`] is for: one document.
///
/// The default, which is seldom written. It lets a function take both kinds of update:
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, visits: u64, seen: bool }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::{OneDocument, Patch};
///
/// fn visit<T>(changes: Patch<User, T>) -> Patch<User, T> {
///     changes.set(User::SEEN, true).increment(User::VISITS, 1)
/// }
///
/// # User { id: 7, visits: 1, seen: false }.save(&cache).await?;
/// let patch: Patch<User, OneDocument> = visit(User::patch(7));
/// assert_eq!(patch.send_and_get(&cache).await?.visits, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct OneDocument {
    id: Vec<String>,
}

/// What a [`Patch`] is for: whatever a query finds.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::{EachDocument, Patch};
///
/// # User { id: 7, city: "Berne".to_owned() }.save(&cache).await?;
/// let changes: Patch<User, EachDocument> = Patch::new().set(User::CITY, "Bern");
/// assert_eq!(User::find_by_city("Berne").update(&cache, changes).await?.changed(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EachDocument;

/// A partial update of whatever a query finds: see [`Query::update`](crate::Query::update).
///
/// ```
/// # use cache_core::{CacheModel, Changes};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, visits: u64, seen: bool }
/// let changes = Changes::new().set(User::SEEN, true).increment(User::VISITS, 1);
/// ```
pub type Changes<M> = Patch<M, EachDocument>;

/// A partial update of one document: which fields become what. Made by
/// [`CacheModel::patch`](crate::CacheModel::patch); nothing is sent before [`send`](Patch::send).
///
/// It is one atomic step on the server and one round trip: all changes are made or none, and nobody sees some of
/// them. Other fields, and what other writers do to them, are left alone, and so is the time to live. Each field can
/// be changed once. A `#[version]` is counted up in the same step. A change of a `#[unique]` field takes a second round trip,
/// to learn which value is given up, and so does a [`set`](Patch::set) by itself of a member that is not there yet.
///
/// What is wrong with a change is an error of `send`, so that changes can be written in a chain.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User {
/// #     #[primary_key] id: String,
/// #     #[index] email: String,
/// #     visits: u64,
/// #     tags: Vec<String>,
/// #     bio: Option<String>,
/// # }
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let user = User::patch("u1")
///     .set(User::EMAIL, "ann@example.com")
///     .increment(User::VISITS, 1)
///     .push(User::TAGS, "new")
///     .remove(User::BIO)
///     .send_and_get(&cache)
///     .await?;
/// println!("{} visits", user.visits);
/// # Ok(())
/// # }
/// ```
#[must_use = "an update does nothing until `send` sends it"]
pub struct Patch<M, T = OneDocument> {
    target: T,
    changes: Vec<Change>,
    refused: Option<Error>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> Patch<M> {
    #[expect(clippy::needless_pass_by_value, reason = "an id is often a reference already")]
    pub(crate) fn of(id: impl Id<M::PrimaryKey>) -> Self {
        let id = id.parts(|parts| parts.iter().map(ToString::to_string).collect());
        Self { target: OneDocument { id }, changes: Vec::new(), refused: None, model: PhantomData }
    }
}

impl<M: Model, T> Patch<M, T> {
    /// Sets a field, indexed or not, to a value of its type; for an `Option` also to what is to be in it, for strings
    /// also to a `&str`.
    ///
    /// [`PatchError::NoParent`] if the field is part of an embedded struct that the document lacks,
    /// [`PatchError::Unreadable`] if the field has a form of its own in JSON (`#[serde(with = …)]`) that the type
    /// does not write, [`Error::NulCharacter`] and
    /// [`Error::TagTooLong`] for what the index cannot hold.
    pub fn set<V, K, O>(self, field: Field<M, V, K, O>, value: impl Assign<V>) -> Self {
        let def = field.def();
        let mut json = Vec::new();
        let written = value.write(&mut json).map_err(unwritable::<M>);
        // To the index, `null` is not missing; the model itself leaves such a member out.
        if def.indexes_missing() && json == b"null" {
            return self.change(&def, Kind::Remove, |_| Ok(Vec::new()));
        }
        self.change(&def, Kind::Set, |target| {
            written?;
            check_value::<M>(target, &json)?;
            Ok(vec![json])
        })
    }

    /// Adds to a number; to count down, add a negative one.
    ///
    /// It never wraps: [`PatchError::OutOfRange`] if the sum is no value of the field's type, or is infinite.
    /// [`PatchError::NoNumber`] if there is no number: a member that is missing or `null` does not count as 0.
    ///
    /// The sum of `f32` and `f64` is the one that Rust computes; for one amount in four hundred that is no binary
    /// fraction, it is one unit in the last place off (see [`CacheModel::save`](crate::CacheModel::save)).
    pub fn increment<V: Number, K, O>(self, field: Field<M, V, K, O>, by: impl Increment<V::Scalar>) -> Self {
        let (kind, by) = (Kind::of(V::RANGE), by.amount());
        self.change(&field.def(), kind, |target| match by.arguments(V::RANGE) {
            Some(arguments) => Ok(arguments),
            None => Err(refused::<M>(PatchError::NotFinite { field: target.field.clone(), by: by.text })),
        })
    }

    /// Appends to a list. Several calls append in their order.
    ///
    /// [`PatchError::NoList`] if there is none: a list that is missing or `null` does not count as empty.
    pub fn push<V: List, K, O>(self, field: Field<M, V, K, O>, value: impl Assign<V::Element>) -> Self {
        self.change(&field.def(), Kind::Push, |target| {
            let mut json = Vec::new();
            value.write(&mut json).map_err(unwritable::<M>)?;
            check_value::<M>(target, &[b"[", json.as_slice(), b"]"].concat())?;
            Ok(vec![json])
        })
    }

    /// Removes the member of an `Option` field, which then is read as `None`. Nothing happens if there is none.
    ///
    /// A field with a `#[serde(default = …)]` of its own is read as that instead, and one with
    /// `#[serde(with = …)]` and no default is no longer read at all: set these to `None`.
    pub fn remove<V: Optional, K, O>(self, field: Field<M, V, K, O>) -> Self {
        self.change(&field.def(), Kind::Remove, |_| Ok(Vec::new()))
    }

    /// Adds a change, unless something is wrong with it or with an earlier one.
    fn change(
        mut self,
        def: &FieldDef,
        kind: Kind,
        arguments: impl FnOnce(&Target) -> Result<Vec<Vec<u8>>>,
    ) -> Self {
        if self.refused.is_none() {
            self.refused = self.add(def, kind, arguments).err();
        }
        self
    }

    fn add(
        &mut self,
        def: &FieldDef,
        kind: Kind,
        arguments: impl FnOnce(&Target) -> Result<Vec<Vec<u8>>>,
    ) -> Result<()> {
        let target = Target::of(def).map_err(refused::<M>)?;
        if target.members.first().is_some_and(|member| M::schema().primary_key().any(|key| key == *member)) {
            return Err(refused::<M>(PatchError::PrimaryKey { field: target.field }));
        }
        let version = M::schema().version().map(|(member, _)| member);
        if version.is_some_and(|version| target.members.first().is_some_and(|member| member == version)) {
            return Err(refused::<M>(PatchError::Version { field: target.field }));
        }
        let arguments = arguments(&target)?;
        match self.changes.iter_mut().find(|change| change.target.overlaps(&target)) {
            None => self.changes.push(Change { target, kind, arguments }),
            Some(same) if (same.kind, kind) == (Kind::Push, Kind::Push) && same.target == target => {
                same.arguments.extend(arguments);
            }
            Some(_) => return Err(refused::<M>(PatchError::Twice { field: target.field })),
        }
        Ok(())
    }
}

impl<M: Model> Patch<M> {
    /// Makes the changes. Without any, it only says whether the document is there.
    ///
    /// When the future is dropped, or fails because no answer came, either all changes were made or none.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such document, [`Error::Patch`] if the update cannot be made (see the
    /// changes), or what kept the server from doing it. But for a missing answer, nothing was changed then.
    pub async fn send(self, cache: &Cache) -> Result<Saved> {
        self.run(cache, false).await.map(|patched| Saved::with(patched.version))
    }

    /// Makes the changes, as [`send`](Patch::send), and answers the document as it then is, in the same step.
    ///
    /// # Errors
    /// As [`send`](Patch::send); and [`Error::Document`] if what is there now is not this model: the changes were
    /// made.
    pub async fn send_and_get(self, cache: &Cache) -> Result<M> {
        let Patched { key, document, .. } = self.run(cache, true).await?;
        match document {
            Reply::Bulk(json) => decode::<M>(&key, &json),
            other => Err(unreadable(&other)),
        }
    }

    async fn run(self, cache: &Cache, get: bool) -> Result<Patched> {
        cache.capabilities().require_json("`patch`")?;
        let key = {
            // Gone before the first await: it could not go to another thread.
            let parts: Vec<&dyn Display> = self.target.id.iter().map(|part| part as &dyn Display).collect();
            key_of(&keyed_by::<M>(cache, Command::new("EVALSHA"), &parts)?)
        };
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        let changes = complete::<M>(self.changes)?;
        let claims = claims::<M>(cache, &key, &changes)?;
        let fence = cache.carried(M::schema(), &key)?;
        let mut call = Call { key, get, changes, claims, fence };
        let reply = call.run(cache).await?;
        call.finish::<M>(cache, reply).await
    }
}

/// Refuses what could be written and not be read: by the index, by the model, or by anybody.
fn check_value<M: Model>(target: &Target, json: &[u8]) -> Result<()> {
    let field = || target.field.clone();
    if target.members.len() + depth(json) > DEEPEST {
        return Err(refused::<M>(PatchError::TooDeep { field: field() }));
    }
    readable::readable::<M>(&target.members, json)
        .map_err(|source| refused::<M>(PatchError::Unreadable { field: field(), source }))?;
    if may_be_unindexable(json) {
        let value: Value = serde_json::from_slice(json).map_err(unwritable::<M>)?;
        refuse_unindexable(M::schema(), &target.document(value))?;
    }
    Ok(())
}

/// How many lists and objects are within each other.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn unwritable<M: Model>(source: serde_json::Error) -> Error {
    Error::Serialize { model: M::schema().model(), source }
}

/// Shows which fields are changed, and how: values may be personal data or secrets.
impl<M, T> fmt::Debug for Patch<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes: Vec<_> =
            self.changes.iter().map(|change| (change.kind, change.target.field.as_str())).collect();
        f.debug_struct("Patch")
            .field("changes", &changes)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}
