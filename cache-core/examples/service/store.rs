//! Where tenants' settings are kept for good: a directory with a file a tenant. A database is better, and no harder to write.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::tenant::{StoreResult, Stored, TenantStore};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A directory that the processes of the service share.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    path: Arc<Path>,
    /// How long an answer takes: as long as that of a database far away.
    delay: Duration,
    reads: Arc<Reads>,
}

/// What is asked of the store: what a cache is there to keep small.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    all: AtomicU64,
    now: AtomicU64,
    most: AtomicU64,
}

impl Reads {
    /// How often a tenant was read.
    pub(crate) fn all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }

    /// How often at once, at most.
    pub(crate) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    fn begin(&self) -> Reading<'_> {
        self.all.fetch_add(1, Ordering::Relaxed);
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        Reading(self)
    }
}

/// A read that is under way, also one that is given up.
struct Reading<'a>(&'a Reads);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is in a file. It stays when its tenant's settings are removed, so that revisions only grow.
#[derive(Serialize, Deserialize)]
struct Row {
    revision: u64,
    settings: Option<Map<String, Value>>,
}

impl Directory {
    pub(crate) fn open(path: &Path, delay: Duration) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self { path: path.into(), delay, reads: Arc::default() })
    }

    /// What was asked of it by this process.
    pub(crate) fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Files are read and written by threads that may wait.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> StoreResult<T> {
        tokio::time::sleep(self.delay).await;
        let path = Arc::clone(&self.path);
        Ok(tokio::task::spawn_blocking(move || work(&path)).await??)
    }
}

impl TenantStore for Directory {
    async fn get(&self, tenant: &str) -> StoreResult<Option<Stored>> {
        let _reading = self.reads.begin();
        let name = file_name(tenant);
        self.work(move |directory| Ok(read(&directory.join(name))?.and_then(Row::stored))).await
    }

    async fn put(
        &self,
        tenant: &str,
        settings: &Map<String, Value>,
        replaces: Option<u64>,
    ) -> StoreResult<Option<u64>> {
        let (name, settings) = (file_name(tenant), settings.clone());
        self.work(move |directory| change(directory, &name, replaces, Some(settings))).await
    }

    async fn remove(&self, tenant: &str, replaces: u64) -> StoreResult<bool> {
        let name = file_name(tenant);
        self.work(move |directory| Ok(change(directory, &name, Some(replaces), None)?.is_some())).await
    }

    async fn all(&self) -> StoreResult<Vec<(String, Stored)>> {
        self.work(|directory| {
            let mut rows = Vec::new();
            for file in fs::read_dir(directory)? {
                let path = file?.path();
                let Some(tenant) = tenant_of(&path) else { continue };
                rows.extend(read(&path)?.and_then(Row::stored).map(|stored| (tenant, stored)));
            }
            Ok(rows)
        })
        .await
    }
}

impl Row {
    fn stored(self) -> Option<Stored> {
        let Self { revision, settings } = self;
        settings.map(|settings| Stored { settings, revision })
    }
}

/// Writes, if what is there has the revision that is to be replaced. The new revision; `None`: it has another.
fn change(
    directory: &Path,
    name: &str,
    replaces: Option<u64>,
    settings: Option<Map<String, Value>>,
) -> io::Result<Option<u64>> {
    // Between reading and writing nobody else writes. The lock goes with its file, also when the process is killed.
    let lock = File::create(directory.join("lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    let path = directory.join(name);
    let there = read(&path)?;
    let last = there.as_ref().map_or(0, |row| row.revision);
    if there.and_then(Row::stored).map(|stored| stored.revision) != replaces {
        return Ok(None);
    }
    let row = Row { revision: last + 1, settings };
    // Whoever reads finds the old file or the new one, and never a part.
    let new = directory.join("new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec_pretty(&row)?)?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    Ok(Some(row.revision))
}

fn read(path: &Path) -> io::Result<Option<Row>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Names of tenants may come from outside: only letters, digits, `-` and `_` of ASCII are taken as they are.
fn file_name(tenant: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut name: String = tenant
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect();
    name.push_str(".json");
    name
}

fn tenant_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let (mut bytes, mut rest) = (Vec::with_capacity(name.len()), name.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_stay_in_the_directory() {
        for tenant in ["acme", "../../etc/passwd", "a b", "%41", "ü/ö", ""] {
            let name = file_name(tenant);
            assert!(!name.contains('/') && tenant_of(Path::new(&name)).as_deref() == Some(tenant), "{name}");
        }
    }

    #[tokio::test]
    async fn of_several_that_replace_one_revision_one_succeeds() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Directory::open(directory.path(), Duration::ZERO).unwrap();
        let settings = |n: usize| Map::from_iter([("n".to_owned(), Value::from(n))]);
        assert_eq!(open().put("acme", &settings(0), None).await.unwrap(), Some(1));
        let puts = (1..=8).map(|n| {
            let store = open();
            tokio::spawn(async move { store.put("acme", &settings(n), Some(1)).await.unwrap() })
        });
        let mut won = 0;
        for put in puts.collect::<Vec<_>>() {
            won += usize::from(put.await.unwrap() == Some(2));
        }
        assert_eq!(won, 1);
        // Revisions grow beyond a removal.
        assert!(open().remove("acme", 2).await.unwrap() && open().get("acme").await.unwrap().is_none());
        assert_eq!(open().put("acme", &settings(9), None).await.unwrap(), Some(4));
        assert_eq!(open().all().await.unwrap().len(), 1);
    }
}
