//! Uses of a model without a primary key add nothing to that mistake.

use cache_core::{Cache, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheModel)]
struct User {
    id: String,
}

async fn uses(cache: Cache) -> cache_core::Result<()> {
    let _ = User { id: "u1".to_owned() }.save(&cache).await?;
    User::get(&cache, "u1").await?;
    User::delete_by_id(&cache, "u1").await?;
    Ok(())
}

fn main() {}
