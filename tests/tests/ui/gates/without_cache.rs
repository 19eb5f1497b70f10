use cache_core::{Cache, GateError, gate};

#[gate("job")]
async fn job() -> Result<(), GateError> {
    Ok(())
}

fn main() {}
