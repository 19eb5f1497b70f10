use cache_core::{Cache, GateError, gate};

#[derive(Debug)]
struct Mine;

#[gate("job")]
async fn job(cache: &Cache) -> Result<(), Mine> {
    Ok(())
}

fn main() {}
