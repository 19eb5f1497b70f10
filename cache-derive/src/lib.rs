//! The derive macro of `cache-core`. Use it from there: `use cache_core::CacheModel;`.

mod attr;
mod check;
mod errors;
mod expand;
mod model;
mod name;
mod serde_attr;
#[cfg(test)]
mod tests;

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
/// | | `#[cache(crate = path)]` | where `cache_core` is, if not in the dependencies under that name |
/// | exactly one field | `#[primary_key]` | holds the id |
/// | any field | `#[index]` | is searched as its type says: strings, `char` and `bool` as TAG, numbers as NUMERIC, an `Option` as what it holds, each element of a list |
/// | | `#[index(tag)]`, `#[index(numeric)]`, `#[index(text)]` | is searched as this kind |
/// | | `#[index(sortable)]` | answers can be sorted by it |
/// | | `#[index(fold_case)]` | `A` and `a` are one value of a TAG field of strings |
/// | | `#[index(name = "…")]` | the name in queries, if not the document's |
///
/// Generated are a constant for every field that is in the document (`UserSession::EMAIL`), and for a model with
/// an index `find()` and a `find_by_<field>()` for every indexed field. Members are named as serde names them.
#[proc_macro_derive(CacheModel, attributes(cache, primary_key, index))]
pub fn derive_cache_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand::cache_model(input.into()).into()
}
