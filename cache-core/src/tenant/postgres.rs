//! A store in PostgreSQL.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::types::Json;

use super::store::{StoreResult, Stored, TenantStore};
use crate::error::shown;

/// How long connecting, and one statement, may take.
const BOUND: Duration = Duration::from_secs(2);

/// How long making the table may take.
const MAKING_WITHIN: Duration = Duration::from_secs(10);

/// How many connections a process has at most.
const CONNECTIONS: u32 = 8;

/// The longest name of a table or a schema, in bytes: longer ones PostgreSQL cuts off.
const LONGEST_NAME: usize = 63;

/// The lock under which the table is made: PostgreSQL does not do that for several at once. Any number that others do not use.
const MAKING: i64 = 0x7465_6e61_6e74_7301;

/// A store in PostgreSQL: a table with a row a tenant, its settings as JSONB.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use cache_core::tenant::PostgresStore;
///
/// let store = PostgresStore::connect("postgres://shop@localhost/shop").await?;
/// store.create_table().await?; // or in a migration of your own
/// # Ok(())
/// # }
/// ```
///
/// [`create_table`](PostgresStore::create_table) does what this would:
///
/// ```sql
/// CREATE TABLE tenant_settings (
///     tenant text PRIMARY KEY,
///     settings jsonb CHECK (jsonb_typeof(settings) = 'object'), -- NULL: removed
///     revision bigint NOT NULL
/// );
/// ```
///
/// [`TenantSettings`](super::TenantSettings) bounds each call by its [`store_timeout`](super::Builder::store_timeout).
///
/// JSONB keeps numbers as they are, but not the order of members, and no U+0000 in strings, which is refused.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    sql: Sql,
}

/// What keeps a store in PostgreSQL from being set up.
///
/// ```no_run
/// # async fn example(url: &str) -> Result<(), Box<dyn std::error::Error>> {
/// use cache_core::tenant::{PostgresStore, PostgresStoreError};
///
/// let store = match PostgresStore::connect(url).await {
///     Err(PostgresStoreError::Database(error)) => {
///         println!("see PGHOST, PGUSER and the URL: {error}");
///         return Ok(());
///     }
///     other => other?,
/// };
/// store.create_table().await?;
/// # Ok(())
/// # }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PostgresStoreError {
    /// The database refused, or cannot be reached. The URL, which may hold a password, is not repeated.
    #[error("the database cannot be used")]
    Database(#[from] sqlx::Error),
    /// The database did not answer in time.
    #[error("the database did not answer within {after:?}")]
    Timeout {
        /// How long it had.
        after: Duration,
    },
    /// It is not the name of a table.
    #[error(
        "`{}` cannot be the name of a table; write letters of a to z, digits and `_`, at most 63, with `schema.` before it if need be",
        .name.escape_debug()
    )]
    Name {
        /// The name.
        name: String,
    },
}

impl fmt::Debug for PostgresStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}

/// The statements, made once: a name cannot be bound as a value.
#[derive(Debug, Clone)]
struct Sql {
    create: String,
    get: String,
    insert: String,
    update: String,
    remove: String,
    all: String,
}

impl Sql {
    fn of(table: &str) -> Result<Self, PostgresStoreError> {
        let refused = || PostgresStoreError::Name { name: table.to_owned() };
        let is_name = |name: &str| {
            let bytes = name.as_bytes();
            bytes.first().is_some_and(|first| first.is_ascii_lowercase() || *first == b'_')
                && bytes.len() <= LONGEST_NAME
                && bytes
                    .iter()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
        };
        let parts: Vec<&str> = table.split('.').collect();
        if parts.len() > 2 || !parts.iter().all(|part| is_name(part)) {
            return Err(refused());
        }
        let t = parts.iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(".");
        Ok(Self {
            create: format!(
                "CREATE TABLE IF NOT EXISTS {t} (tenant text PRIMARY KEY, \
                 settings jsonb CHECK (jsonb_typeof(settings) = 'object'), revision bigint NOT NULL)"
            ),
            get: format!("SELECT settings, revision FROM {t} WHERE tenant = $1 AND settings IS NOT NULL"),
            // What was removed has left its revision.
            insert: format!(
                "INSERT INTO {t} AS t (tenant, settings, revision) VALUES ($1, $2, 1) \
                 ON CONFLICT (tenant) DO UPDATE SET settings = EXCLUDED.settings, revision = t.revision + 1 \
                 WHERE t.settings IS NULL RETURNING revision"
            ),
            update: format!(
                "UPDATE {t} SET settings = $2, revision = revision + 1 \
                 WHERE tenant = $1 AND revision = $3 AND settings IS NOT NULL RETURNING revision"
            ),
            remove: format!(
                "UPDATE {t} SET settings = NULL, revision = revision + 1 \
                 WHERE tenant = $1 AND revision = $2 AND settings IS NOT NULL"
            ),
            all: format!("SELECT tenant, settings, revision FROM {t} WHERE settings IS NOT NULL"),
        })
    }
}

impl PostgresStore {
    /// A store in the table `tenant_settings` of this database, over eight connections of its own at most. The first is made at
    /// once; each, and each statement, has two seconds.
    ///
    /// The URL is `postgres://user:password@host:port/database`; what it leaves out is taken from `PGHOST`, `PGUSER` and the
    /// like. For TLS, turn on one of `sqlx`'s features for it in your own dependencies.
    ///
    /// # Errors
    /// [`PostgresStoreError::Database`] if the URL cannot be read or the database cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, PostgresStoreError> {
        let options: PgConnectOptions = url.parse()?;
        // The database gives up when the client has.
        let options = options.options([("statement_timeout", BOUND.as_millis().to_string())]);
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(BOUND);
        Self::from_pool(pool.connect_with(options).await?, "tenant_settings")
    }

    /// A store in this table of a pool of one's own: `table`, or `schema.table`. Set the pool's `acquire_timeout` and the
    /// database's `statement_timeout`; else a call is given up here, and goes on there.
    ///
    /// # Errors
    /// [`PostgresStoreError::Name`] if it is no name.
    pub fn from_pool(pool: PgPool, table: &str) -> Result<Self, PostgresStoreError> {
        Ok(Self { pool, sql: Sql::of(table)? })
    }

    /// The pool.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Makes the table if it is not there, also where several processes do so at once. It has ten seconds.
    ///
    /// # Errors
    /// What the database has against it, or [`PostgresStoreError::Timeout`].
    pub async fn create_table(&self) -> Result<(), PostgresStoreError> {
        let made = tokio::time::timeout(MAKING_WITHIN, self.make_table()).await;
        made.map_err(|_| PostgresStoreError::Timeout { after: MAKING_WITHIN })?
    }

    async fn make_table(&self) -> Result<(), PostgresStoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MAKING).execute(&mut *transaction).await?;
        sqlx::query(&self.sql.create).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}

type Row = (Json<Map<String, Value>>, i64);
type Named = (String, Json<Map<String, Value>>, i64);

fn stored((Json(settings), revision): Row) -> StoreResult<Stored> {
    Ok(Stored { settings, revision: revision.try_into()? })
}

impl TenantStore for PostgresStore {
    async fn get(&self, tenant: &str) -> StoreResult<Option<Stored>> {
        let row: Option<Row> = sqlx::query_as(&self.sql.get).bind(tenant).fetch_optional(&self.pool).await?;
        row.map(stored).transpose()
    }

    async fn put(
        &self,
        tenant: &str,
        settings: &Map<String, Value>,
        replaces: Option<u64>,
    ) -> StoreResult<Option<u64>> {
        let sql = if replaces.is_some() { &self.sql.update } else { &self.sql.insert };
        let query = sqlx::query_scalar(sql).bind(tenant).bind(Json(settings));
        let query = match replaces {
            Some(revision) => query.bind(i64::try_from(revision)?),
            None => query,
        };
        let revision: Option<i64> = query.fetch_optional(&self.pool).await?;
        Ok(revision.map(u64::try_from).transpose()?)
    }

    async fn remove(&self, tenant: &str, replaces: u64) -> StoreResult<bool> {
        let query = sqlx::query(&self.sql.remove).bind(tenant).bind(i64::try_from(replaces)?);
        Ok(query.execute(&self.pool).await?.rows_affected() > 0)
    }

    async fn all(&self) -> StoreResult<Vec<(String, Stored)>> {
        let rows: Vec<Named> = sqlx::query_as(&self.sql.all).fetch_all(&self.pool).await?;
        rows.into_iter()
            .map(|(tenant, settings, revision)| Ok((tenant, stored((settings, revision))?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_letters_and_nothing_that_ends_it() {
        let sql = Sql::of("shop.tenant_settings").unwrap();
        assert!(sql.get.contains(r#"FROM "shop"."tenant_settings" WHERE"#), "{}", sql.get);
        for name in
            ["", "a.b.c", "a b", "a\"b", "a;DROP TABLE x", "Ä", "1a", "a.", ".a", "A", &"x".repeat(64)]
        {
            assert!(Sql::of(name).is_err(), "{name}");
        }
    }
}
