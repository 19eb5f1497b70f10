//! Uses of a mistaken model add nothing to its mistakes.

use cache_core::{Cache, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
#[cache(prefix = "~user")]
struct User {
    #[primary_key]
    id: String,
    #[index]
    email: String,
    #[index(numeric, fold_case, sortable)]
    age: i64,
}

async fn uses(cache: Cache) -> cache_core::Result<()> {
    let _ = User { id: "u1".to_owned(), email: String::new(), age: 3 }.save(&cache).await?;
    User::get(&cache, "u1").await?;
    User::find_by_email("ann").filter(User::AGE.gt(3)).sort_by(User::AGE.asc()).all(&cache).await?;
    User::find().all(&cache).await?;
    Ok(())
}

fn main() {}
