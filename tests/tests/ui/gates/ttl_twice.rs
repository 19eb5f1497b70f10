use cache_core::{Cache, GateError, gate};

#[gate("job", ttl = "5m", ttl = "6m")]
async fn job(cache: &Cache) -> Result<(), GateError> {
    Ok(())
}

fn main() {}
