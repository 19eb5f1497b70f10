//! Releases of one service: models of one prefix whose schemas follow each other.

use cache_core::{Cache, CacheModel, Command, IndexSchema, SchemaLock};
use serde::{Deserialize, Serialize};

/// The release that came first.
pub mod first {
    use super::*;

    /// A model with one index.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub struct User {
        /// The primary key.
        #[primary_key]
        pub id: u32,
        /// Indexed from the beginning.
        #[index]
        pub name: String,
        /// Indexed later.
        pub age: u32,
    }
}

/// The next one: a field more is indexed.
pub mod second {
    use super::*;

    /// The same documents.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub struct User {
        /// The primary key.
        #[primary_key]
        pub id: u32,
        /// As before.
        #[index]
        pub name: String,
        /// New in the index.
        #[index(sortable)]
        pub age: u32,
    }
}

/// The one after that: another field more, in front.
pub mod third {
    use super::*;

    /// The same documents.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub struct User {
        /// Indexed later.
        #[index]
        #[primary_key]
        pub id: u32,
        /// As before.
        #[index]
        pub name: String,
        /// As before.
        #[index(sortable)]
        pub age: u32,
    }
}

/// One that changes an option.
pub mod changed {
    use super::*;

    /// The same documents.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub struct User {
        /// The primary key.
        #[primary_key]
        pub id: u32,
        /// With another option than before.
        #[index(sortable)]
        pub name: String,
        /// Stored only.
        pub age: u32,
    }
}

/// Saves so many users, with ages from 0.
///
/// # Panics
/// If the server does not take them.
pub async fn save(cache: &Cache, number: u32) {
    let users = (0..number).map(|id| first::User { id, name: format!("n{}", id % 10), age: id });
    let users: Vec<_> = users.collect();
    for saved in first::User::save_many(cache, &users).await {
        let _ = saved.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Writes a user as another program would: past the model.
///
/// # Panics
/// If the server does not take it.
pub async fn write(cache: &Cache, id: u32, json: &str) -> String {
    let key = format!("{}:user:{id}", global(cache));
    let set = Command::new("JSON.SET").key(&key).arg("$").arg(json);
    cache.command(set).await.unwrap_or_else(|error| panic!("{error}"));
    key
}

/// The lock of a repository with these schemas, one after the other.
pub fn lock(schemas: &[&'static cache_core::Schema]) -> String {
    let mut lock = SchemaLock::default();
    schemas.iter().for_each(|schema| {
        lock.append_schema(schema);
    });
    lock.to_string()
}

/// Creates an index under a name of the test's choice.
///
/// # Panics
/// If the server does not.
pub async fn create(cache: &Cache, name: &str, key_type: &str, prefix: &str, schema: &[&str]) {
    let create = Command::new("FT.CREATE").args_from([name, "ON", key_type, "PREFIX", "1", prefix, "SCHEMA"]);
    cache.command(create.args_from(schema)).await.unwrap_or_else(|error| panic!("{error}"));
}

/// The index of a model, by its own name.
pub fn index<M: IndexSchema>(cache: &Cache) -> String {
    M::schema().index_name(cache.keyspace().unwrap_or_else(|error| panic!("{error}")))
}

/// The alias of the users.
pub fn alias(cache: &Cache) -> String {
    format!("{}:user:idx", global(cache))
}

/// What all keys of the cache begin with.
///
/// # Panics
/// If the namespace is none.
pub fn global(cache: &Cache) -> String {
    cache.keyspace().unwrap_or_else(|error| panic!("{error}")).global().to_owned()
}

/// The own name of the index that answers to a name; nothing if none does.
pub async fn target(cache: &Cache, name: &str) -> Option<String> {
    let reply = cache.command(Command::new("FT.INFO").arg(name)).await.ok()?;
    let pairs = reply.into_pairs().ok()?;
    let (_, name) = pairs.into_iter().find(|(key, _)| key.as_str() == Some("index_name"))?;
    Some(name.as_str()?.to_owned())
}

/// The indexes of the cache's namespace.
///
/// # Panics
/// If the server does not tell.
pub async fn indexes(cache: &Cache) -> Vec<String> {
    let reply = cache.command(Command::new("FT._LIST")).await.unwrap_or_else(|error| panic!("{error}"));
    let names = reply.into_items().unwrap_or_else(|error| panic!("{error}"));
    let names = names.iter().filter_map(|name| name.as_str().map(str::to_owned));
    let mut names: Vec<_> = names.filter(|name| name.starts_with(&global(cache))).collect();
    names.sort();
    names
}

/// Says that a schema was last used so many milliseconds ago.
///
/// # Panics
/// If the server does not take it.
pub async fn used_before(cache: &Cache, fingerprint: &cache_core::Fingerprint, milliseconds: u64) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let until = u64::try_from(now.as_millis()).unwrap_or_default().saturating_sub(milliseconds);
    let key = format!("{}:~user:leases", global(cache));
    let add = Command::new("ZADD").key(key).arg_display(until).arg_display(fingerprint);
    cache.command(add).await.unwrap_or_else(|error| panic!("{error}"));
}
