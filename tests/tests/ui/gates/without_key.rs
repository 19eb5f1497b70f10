use cache_core::{Cache, GateError, gate};

#[gate(ttl = "5m")]
async fn job(cache: &Cache) -> Result<(), GateError> {
    Ok(())
}

fn main() {}
