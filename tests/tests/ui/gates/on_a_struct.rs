use cache_core::{Cache, GateError, gate};

#[gate("job")]
struct Job;

fn main() {}
