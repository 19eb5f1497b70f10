//! What keeps a partial update from being made.

/// What keeps a partial update from being made. Nothing of the update was done.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, visits: Option<u64> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::PatchError;
///
/// User { id: 7, visits: None }.save(&cache).await?;
/// let error = User::patch(7).increment(User::VISITS, 1).send(&cache).await.unwrap_err();
/// // A member that is missing, or `null`, does not count as 0.
/// if let Some(PatchError::NoNumber { .. }) = error.patch_error() {
///     User::patch(7).set(User::VISITS, 1).send(&cache).await?;
/// }
/// # assert_eq!(User::get(&cache, 7).await?.unwrap().visits, Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The result of an increment is not a value of the field's type.
    #[error("`{field}` is {current}, and {by} more is beyond what its type holds")]
    OutOfRange {
        /// The field.
        field: String,
        /// What the document holds, as JSON.
        current: String,
        /// What was to be added.
        by: String,
    },
    /// There is no number of the field's type to add to: the member is missing, `null` or something else.
    #[error(
        "`{field}` is {}, which is no number of its type; set it first",
        .current.as_deref().unwrap_or("missing")
    )]
    NoNumber {
        /// The field.
        field: String,
        /// What the document holds, as JSON and not more than its first 100 bytes; `None`: the member is missing.
        current: Option<String>,
    },
    /// The amount to add is NaN or infinite.
    #[error("{by} cannot be added to `{field}`; use a finite number")]
    NotFinite {
        /// The field.
        field: String,
        /// What was to be added.
        by: String,
    },
    /// There is no list to append to: the member is missing, `null` or something else.
    #[error("`{field}` holds no list to append to; set it first")]
    NoList {
        /// The field.
        field: String,
    },
    /// The struct that the field is a part of is missing or `null` in the document.
    #[error("what `{field}` is a part of is missing in the document; change it with `get` and `save`")]
    NoParent {
        /// The field.
        field: String,
    },
    /// The field stands in a list or a map, so that a document may have many of it.
    #[error(
        "`{field}` stands in a list or a map, of which the document may have many; change it with `get` and `save`"
    )]
    InList {
        /// The field.
        field: String,
    },
    /// Two changes of one update are about the same field, or one is about a part of the other.
    #[error("`{field}` is changed twice in one update; send two, or change it once")]
    Twice {
        /// The field of the later change.
        field: String,
    },
    /// The field is the primary key, which names the document.
    #[error("`{field}` is the primary key; save the document under the new one and delete this one")]
    PrimaryKey {
        /// The field.
        field: String,
    },
    /// The field is the version, which every update counts up by itself.
    #[error("`{field}` is the version, which every update counts up by itself; leave it out")]
    Version {
        /// The field.
        field: String,
    },
    /// The value is written in another form than the model reads, as for a field with `#[serde(with = …)]`.
    #[error("the model would not read `{field}` as its value was written; change it with `get` and `save`")]
    Unreadable {
        /// The field.
        field: String,
        /// What serde found.
        #[source]
        source: serde_json::Error,
    },
    /// The value has more lists and structs within each other than the server and serde read.
    #[error("the value of `{field}` is nested more deeply than documents can be; flatten it")]
    TooDeep {
        /// The field.
        field: String,
    },
    /// The JSON member has a quote, a backslash or a control character, which the server's paths cannot name.
    #[error("the server cannot address `{field}`; rename its member to one without quotes and backslashes")]
    Member {
        /// The field.
        field: String,
    },
}
