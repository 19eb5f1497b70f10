//! The derive macro of `cache-core`. Use it from there: `use cache_core::CacheModel;`.

mod argument;
mod attr;
mod check;
mod errors;
mod expand;
mod gated;
mod model;
mod name;
mod option;
mod serde_attr;
mod tested;
#[cfg(test)]
mod tests;
mod value;
mod view;

/// Makes a struct with named fields a model: documents in Redis, with an index if a field has one.
///
/// ```text
/// #[derive(Serialize, Deserialize, CacheModel)]
/// #[cache(prefix = "user_session", ttl = "30m")]
/// struct UserSession {
///     #[primary_key]
///     user_id: String,
///     #[index]                      // by its type: TAG
///     email: String,
///     #[index(sortable)]            // by its type: NUMERIC
///     expires_at: i64,
///     #[index(text)]
///     bio: String,
/// }
/// ```
///
/// | at | attribute | meaning |
/// |---|---|---|
/// | the struct | `#[cache(prefix = "…")]` | what the keys begin with after the namespace; without it, the struct's name in snake case |
/// | | `#[cache(ttl = "30m")]` | how long a document lives after each save; without it, until it is deleted |
/// | | `#[cache(ttl = "30m", jitter = 0.1)]` | by what part of it that is more or less, at random, so that what was written together does not end together |
/// | | `#[cache(language = "german")]` | whose rules stem the words of TEXT fields; without it, English |
/// | | `#[cache(stopwords = ["…"])]` | the words that TEXT fields leave out; without it, 33 English ones; `[]`: none |
/// | | `#[cache(score = 0.5)]` | what its documents count in scores, from 0 to 1; without it, 1 |
/// | | `#[cache(filter = "@age > 17")]` | only the documents for which this is true are in the index; without it, all |
/// | | `#[cache(hash_tag)]` | all documents are on one slot of a cluster |
/// | | `#[cache(unique(tenant, email))]` | no two documents share the values of these fields together |
/// | | `#[cache(schema_version = 2)]` | which form of the documents this is, stored in their member `_v`; without it, they have none and count as the first |
/// | | `#[cache(schema_version = 2, upgrade = f)]` | `f(from, &mut document)` brings an older document to it, when it is read |
/// | | `#[cache(crate = path)]` | where `cache_core` is, if not in the dependencies under that name |
/// | one field, or up to four | `#[primary_key]` | holds the id, or a part of it |
/// | one of several such fields | `#[cache(hash_tag)]` | documents that share this part are on one slot of a cluster |
/// | one field | `#[version]` | counts the document's writes: a write of what somebody else changed meanwhile is refused |
/// | any field | `#[unique]` | no two documents share its value, compared byte for byte; `None` is no value |
/// | any field | `#[index]` | is searched as its type says: strings, `char` and `bool` as TAG, numbers as NUMERIC, an `Option` as what it holds, each element of a list |
/// | | `#[index(tag)]`, `numeric`, `text`, `geo`, `geoshape`, `vector` | is searched as this kind |
/// | | `#[index(text, name = "…")]` beside `#[index]` | has another index, with a handle and a finder of that name |
/// | | `#[index(sortable)]` | answers can be sorted by it |
/// | | `#[index(sortable, unf)]`, `#[index(sortable, no_index)]` | sorted as it is written; only sorted by |
/// | | `#[index(fold_case)]` | `A` and `a` are one value of a TAG field of strings |
/// | | `#[index(separator = ',')]` | the strings of a TAG field are cut into tags there |
/// | | `#[index(text, no_stem)]`, `#[index(text, weight = 2.0)]` | words as they are written; what they count in scores |
/// | | `#[index(with_suffix_trie)]` | searches for the ends of values are fast, and the index larger |
/// | | `#[index(index_missing)]` | documents that lack the field can be searched for: an `Option` with `skip_serializing_if` |
/// | | `#[index(text, phonetic = "en")]`, `#[index(text, index_empty)]` | what sounds alike, and empty texts, can be searched for |
/// | | `#[index(flat)]`, `#[index(spherical)]` | shapes lie on a plane, or on the globe, as without it |
/// | | `#[index(hnsw, distance_metric = "l2", m = 16)]` | how vectors are indexed and compared: `flat` and `cosine` without it |
/// | | `#[index(name = "…")]` | the name in queries, if not the document's |
/// | | `#[index(as = String)]` | is searched as what serde writes, where that is another type: of another crate, or with `#[serde(with = …)]` |
/// | | `#[embedded]` | holds a struct that derives `CacheEmbedded`, or an `Option`, a list or a map of one: `User::ADDRESS.city` |
///
/// Generated are a constant for every field that is in the document (`UserSession::EMAIL`), and for a model with
/// an index `find()` and a `find_by_<field>()` for every indexed field; for one with a version `modify()`; for every
/// unique field `get_by_<field>()`, for several together `get_by_<field>_and_<field>()`. Members are named as serde names
/// them.
#[proc_macro_derive(CacheModel, attributes(cache, primary_key, index, embedded, version, unique))]
pub fn derive_cache_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::cache_model(input.into()).into()
}

/// Makes a struct with named fields a part of models: its fields are indexed where a model's field of this type is
/// marked `#[embedded]`.
///
/// ```text
/// #[derive(Serialize, Deserialize, CacheEmbedded)]
/// struct Address {
///     #[index]
///     city: String,
///     street: String,
/// }
///
/// #[derive(Serialize, Deserialize, CacheModel)]
/// struct User {
///     #[primary_key]
///     id: String,
///     #[embedded]
///     address: Option<Address>,
/// }
///
/// User::find().filter(User::ADDRESS.city.eq("Bern"))
/// ```
///
/// It takes the field attributes of `CacheModel` but `#[primary_key]`, and can hold embedded structs itself, to any
/// depth. Generated is a struct of handles, one for each field. Within a list or a map, a field finds a document if
/// one of the elements has the value, and is not sortable.
#[proc_macro_derive(CacheEmbedded, attributes(cache, primary_key, index, embedded, version, unique))]
pub fn derive_cache_embedded(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::cache_embedded(input.into()).into()
}

/// Makes a newtype, or an enum without data, a value that can be indexed.
///
/// ```text
/// #[derive(Serialize, Deserialize, CacheValue)]
/// struct Email(String);                          // indexed as a `String`
///
/// #[derive(Serialize, Deserialize, CacheValue)]
/// #[serde(rename_all = "snake_case")]
/// enum Role { Reader, SeniorEditor }             // indexed as TAG, by the names that serde writes
/// ```
///
/// A newtype takes the operands of what it holds, and itself; an enum takes itself.
#[proc_macro_derive(CacheValue, attributes(cache))]
pub fn derive_cache_value(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::cache_value(input.into()).into()
}

/// Makes a struct with named fields a view of a model: what a query reads of each document in place of the whole.
///
/// ```text
/// #[derive(Deserialize, CacheView)]
/// #[cache(model = User)]
/// struct Card {
///     id: String,                       // read from `User::ID`
///     tags: Vec<String>,
///     #[cache(field = ADDRESS.city)]    // from `User::ADDRESS.city`
///     city: Option<String>,
/// }
///
/// let cards = User::find().select::<Card>().all(&cache).await?;
/// ```
///
/// | at | attribute | meaning |
/// |---|---|---|
/// | the struct | `#[cache(model = User)]` | whose documents it is a view of |
/// | | `#[cache(crate = path)]` | where `cache_core` is, if not in the dependencies under that name |
/// | a field | `#[cache(field = ADDRESS.city)]` | the handle of the model that it is read from; without it, the one of its own name |
/// | | `#[cache(as = String)]` | is read from a field that the model declares with `#[index(as = String)]` |
///
/// A field has the type of the model's field, or an `Option` of it. Of a field within an embedded list or map there are
/// many: a `Vec` of the type, flat, in the order of the document. An embedded struct, a list or a map is read whole by its
/// own handle. What serde writes with a module, it reads with the same one: `#[serde(with = "…")]`.
///
/// Only these members are sent, in one round trip, and all of them exactly: integers beyond 2^53, `null` and missing,
/// empty strings and empty lists. A missing member is what serde makes of it: `None`, the value of `#[serde(default)]`,
/// or an error that names the document, the model and the field. What serde calls the fields of the view does not
/// matter. Documents are read as they are stored: `#[cache(upgrade = f)]` of the model does not reach views.
#[proc_macro_derive(CacheView, attributes(cache))]
pub fn derive_cache_view(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::cache_view(input.into()).into()
}

/// Puts a gate around an asynchronous function: of all processes that call it, one runs its body.
///
/// ```text
/// #[gate("nightly", ttl = "5m", grace = "10s")]
/// async fn clean_up(cache: &Cache, lease: &Lease) -> Result<u64, GateError> {
///     lease.check()?;
///     Ok(7)
/// }
///
/// match clean_up(&cache).await? {            // a `Result<Outcome<u64>, GateError>`
///     Outcome::Ran(rows) => println!("{rows} rows"),
///     other => println!("{other:?}"),
/// }
/// ```
///
/// The function needs a parameter of type `&Cache`, or the cache is named: `cache = self.cache`. A parameter of type `&Lease`
/// or `Lease` is given by the gate, not by callers. It answers a `Result` whose error can be made from a `GateError`.
///
/// The gate's key comes first: a string, or any expression that can be a `String`, also of the function's parameters.
///
/// | argument | meaning |
/// |---|---|
/// | `ttl = "5m"`, `grace = "10s"`, `at_least = "1m"`, `max_hold = "1h"` | the times of `Gate`, in words |
/// | `renew = false` | the lease is not renewed |
/// | `on_error = OnError::Grace`, `on_unavailable = …`, `on_lost = …`, `durability = …`, `scope = …`, `layout = …` | the settings of `Gate`, as expressions |
/// | `strict` | a server that can evict locks is refused |
/// | `cache = self.cache` | where the cache is, if it is no parameter |
/// | `crate = path` | where `cache_core` is, if not in the dependencies under that name |
#[proc_macro_attribute]
pub fn gate(arguments: proc_macro::TokenStream, input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    gated::gate(arguments.into(), input.into()).into()
}

/// Makes a test of an asynchronous function: with a cache in a namespace of its own on a real server. For `cache_core` with
/// feature `testkit`.
///
/// ```text
/// #[cache_core::test(register(Ticket))]
/// async fn open_tickets_are_found(cache: Cache) -> cache_core::Result<()> {
///     Ticket { id: 1, state: "open".to_owned() }.save(&cache).await?;
///     assert_eq!(Ticket::find_by_state("open").count(&cache).await?, 1);
///     Ok(())
/// }
///
/// #[cache_core::test]
/// async fn a_dead_server_is_survived(cache: Cache, server: Server) {
///     server.kill().await.unwrap();
///     assert!(Ticket::get(&cache, 1).await.unwrap_err().is_unavailable());
/// }
/// ```
///
/// Tests of one process run side by side on one server, and each sees its own documents alone; afterwards they are taken
/// away, with their indexes, also after a panic. A test with a second parameter has a server of its own. Other attributes
/// (`#[should_panic]`, `#[ignore]`, `#[cfg(…)]`) mean what they mean for any test, and what the function answers is what the
/// test does: `()`, a `Result`.
///
/// | argument | meaning |
/// |---|---|
/// | `register(User, Order)` | the indexes of these models are made before the test begins |
/// | `protocol = Protocol::Resp2` | the protocol of the cache's connection; without it RESP3 |
/// | `crate = path` | where `cache_core` is, if not in the dependencies under that name |
#[proc_macro_attribute]
pub fn test(arguments: proc_macro::TokenStream, input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    tested::test(arguments.into(), input.into()).into()
}
