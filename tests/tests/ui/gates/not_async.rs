use cache_core::{Cache, GateError, gate};

#[gate("job")]
fn job(cache: &Cache) -> Result<(), GateError> {
    Ok(())
}

fn main() {}
