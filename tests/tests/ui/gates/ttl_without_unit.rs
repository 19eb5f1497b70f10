use cache_core::{Cache, GateError, gate};

#[gate("job", ttl = "5")]
async fn job(cache: &Cache) -> Result<(), GateError> {
    Ok(())
}

fn main() {}
