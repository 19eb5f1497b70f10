//! A cluster of nodes that are played: what is made of what they say of slots.

use std::sync::Mutex;

use super::*;

/// A node, and what it says of slots.
struct Node(Mutex<Vec<Reply>>);

impl Node {
    fn new(slots: Vec<Reply>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(slots)))
    }
}

impl Member for Node {
    async fn call(&self, command: &Command, _: Option<Duration>) -> Result<Reply> {
        let asks = command.args().nth(1) == Some(b"SLOTS");
        Ok(if asks { Reply::Array(self.0.lock().unwrap().clone()) } else { Reply::Int(1) })
    }

    async fn call_all(&self, _: &[&Command], _: bool, _: Option<Duration>) -> Result<Vec<Result<Reply>>> {
        Ok(Vec::new())
    }

    fn generation(&self) -> u64 {
        0
    }

    fn notices_flushes(&self) -> bool {
        false
    }
}

fn all_at(port: i64) -> Vec<Reply> {
    let master = Reply::Array(vec![Reply::Bulk("h".into()), Reply::Int(port), Reply::Bulk("id".into())]);
    vec![Reply::Array(vec![Reply::Int(0), Reply::Int(16_383), master])]
}

fn everybody() -> Command {
    Command::new("CLUSTER").arg("NODES").routed(Route::AllMasters).repeatable()
}

#[tokio::test(start_paused = true)]
async fn nobody_is_not_all_masters() {
    let seed = Node::new(Vec::new());
    let cluster = Cluster::new(&RedisSettings::new("redis://h:1"), &seed, |_| Ok(Node(Mutex::default())));
    let error = cluster.send(&everybody(), None).await.unwrap_err();
    assert!(error.is_unavailable() && error.to_string().contains("who has its slots"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_taken_out_is_not_believed() {
    let seed = Node::new(all_at(2));
    let make = |_: &RedisSettings| Ok(Node(Mutex::new(all_at(2))));
    let cluster = Cluster::new(&RedisSettings::new("redis://h:1"), &seed, make);
    assert_eq!(cluster.send(&everybody(), None).await.unwrap(), Reply::Array(vec![Reply::Int(1)]));
    seed.0.lock().unwrap().clear();
    cluster.refresh(Duration::from_secs(1)).await.unwrap();
    assert_eq!(cluster.nodes.slots().masters(), ["h:2"]);
    assert!(!Arc::ptr_eq(&cluster.nodes.home(), &seed), "it is asked no more");
}
