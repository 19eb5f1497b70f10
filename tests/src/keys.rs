//! Which keys there are, on a server or on all masters of a cluster.

use cache_core::{Cache, Command, Reply, Route};

/// The keys of this pattern, in their order.
///
/// # Panics
/// If the server refuses.
pub async fn keys(cache: &Cache, pattern: &str) -> Vec<String> {
    let keys = Command::new("KEYS").arg(pattern).routed(Route::AllMasters);
    let keys = cache.command(keys).await.unwrap_or_else(|error| panic!("{}", crate::chain(&error)));
    let mut found = Vec::new();
    gather(&keys, &mut found);
    found.sort();
    found
}

/// A list of keys, or one for each master.
fn gather(reply: &Reply, found: &mut Vec<String>) {
    match reply {
        Reply::Array(items) => items.iter().for_each(|item| gather(item, found)),
        key => found.extend(key.as_str().map(str::to_owned)),
    }
}
