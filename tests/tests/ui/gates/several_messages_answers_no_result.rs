use cache_core::{Cache, GateError, gate};

#[gate("job")]
async fn job(cache: &Cache) -> u32 {
    7
}

fn main() {}
