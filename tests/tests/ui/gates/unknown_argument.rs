use cache_core::{Cache, GateError, gate};

#[gate("job", time = "5m")]
async fn job(cache: &Cache) -> Result<(), GateError> {
    Ok(())
}

fn main() {}
