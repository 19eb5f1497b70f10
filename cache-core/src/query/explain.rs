//! What the server makes of a query: the tree that it reads, and how its time is spent.

use std::fmt;

use cache_index::{DecodeError, Reply};

use super::row::There;
use super::run::{send_about, unreadable};
use super::wanted::{Prepared, Wanted};
use crate::cache::Cache;
use crate::connection::needs::PROFILE_OF_MISSING;
use crate::error::Result;
use crate::model::Model;

/// What RediSearch tells of the running of a query, as `FT.PROFILE` answers it: iterators with their counts, and the
/// milliseconds that each part took. It is for people, shown with `Display`; its form is the server's.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String, #[index(text)] bio: String }
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let query = User::find_by_city("Bern").filter(User::BIO.matches("rust"));
/// println!("{}", query.profile(&cache).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Profile(Reply);

impl Profile {
    /// The profile as the server answered it, without what was found.
    pub fn reply(&self) -> &Reply {
        &self.0
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.0, 0)
    }
}

fn write(f: &mut fmt::Formatter<'_>, reply: &Reply, depth: usize) -> fmt::Result {
    match reply {
        Reply::Map(pairs) => pairs.iter().try_for_each(|(name, value)| {
            write(f, name, depth)?;
            write(f, value, depth + 1)
        }),
        Reply::Array(items) => items.iter().try_for_each(|item| write(f, item, depth + 1)),
        other => {
            let indent = depth * 2;
            match (other.as_str(), other.as_double()) {
                (Some(text), _) => writeln!(f, "{:indent$}{text}", ""),
                (None, Some(number)) => writeln!(f, "{:indent$}{number}", ""),
                (None, None) => writeln!(f, "{:indent$}{}", "", other.describe()),
            }
        }
    }
}

pub(super) async fn explain<M: Model>(wanted: &Wanted<M>, cache: &Cache) -> Result<String> {
    let Some(prepared) = Prepared::new::<M, There>(wanted, cache)? else { return Ok("NOTHING\n".to_owned()) };
    let reply = send_about(cache, &prepared, prepared.request(0, 0).explain_command()).await?;
    // The server cuts long words, perhaps within a letter.
    reply
        .as_bytes()
        .map(|tree| String::from_utf8_lossy(tree).into_owned())
        .ok_or_else(|| unreadable("FT.EXPLAIN", DecodeError::unexpected("text", reply.describe())))
}

pub(super) async fn profile<M: Model>(wanted: &Wanted<M>, cache: &Cache) -> Result<Profile> {
    let Some(prepared) = Prepared::new::<M, There>(wanted, cache)? else {
        return Ok(Profile(Reply::Status("nothing can be found, so nothing is asked".to_owned())));
    };
    if prepared.filter.text().contains("ismissing(") {
        cache.capabilities().require(PROFILE_OF_MISSING.name(), &PROFILE_OF_MISSING)?;
    }
    let reply = send_about(cache, &prepared, prepared.request(0, 0).profile_command()).await?;
    // RESP2: what was found, then the profile; RESP3: a map that has both.
    let profile = match reply {
        Reply::Array(mut parts) => parts.pop(),
        Reply::Map(pairs) => pairs
            .into_iter()
            .find(|(name, _)| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("profile")))
            .map(|(_, profile)| profile),
        _ => None,
    };
    profile.map(Profile).ok_or_else(|| unreadable("FT.PROFILE", DecodeError::Missing("the profile")))
}
