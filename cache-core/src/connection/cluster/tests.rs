//! A cluster of nodes that are played: what is made of what they say of slots, and who is asked again.

use std::sync::Mutex;

use super::*;
use crate::connection::server_error;

/// What all nodes of a cluster say of slots, and what each of them is to answer next.
#[derive(Default)]
struct World {
    slots: Mutex<Vec<Reply>>,
    /// Who knows of none.
    taken_out: Mutex<&'static str>,
    script: Mutex<Vec<(&'static str, Say)>>,
    /// Which commands were sent to whom.
    sent: Mutex<Vec<String>>,
}

enum Say {
    Refuse(&'static str),
    /// Refused, and from then on others have the slots.
    Moves(&'static str, Vec<Reply>),
    Breaks,
}

/// A node; without the script it answers with its address.
struct Node {
    world: Arc<World>,
    address: String,
}

impl Node {
    fn answer(&self, command: &Command) -> Result<Reply> {
        if command.args().nth(1) == Some(b"SLOTS") {
            let knows = self.address != *self.world.taken_out.lock().unwrap();
            let slots = self.world.slots.lock().unwrap().clone();
            return Ok(Reply::Array(if knows { slots } else { Vec::new() }));
        }
        self.world.sent.lock().unwrap().push(format!("{} {}", self.address, command.name()));
        let mut script = self.world.script.lock().unwrap();
        let next =
            script.iter().position(|(address, _)| *address == self.address).map(|at| script.remove(at).1);
        let refused = |text: &str| {
            Err(Error::Server { command: command.name().to_owned(), source: server_error(text) })
        };
        match next {
            None => Ok(Reply::Bulk(self.address.clone().into())),
            Some(Say::Refuse(text)) => refused(text),
            Some(Say::Moves(text, slots)) => {
                *self.world.slots.lock().unwrap() = slots;
                refused(text)
            }
            Some(Say::Breaks) => Err(Error::Unavailable { reason: "it broke".to_owned(), source: None }),
        }
    }
}

impl Member for Node {
    async fn call(&self, command: &Command, _: Option<Duration>) -> Result<Reply> {
        self.answer(command)
    }

    async fn call_all(
        &self,
        commands: &[&Command],
        _: bool,
        _: Option<Duration>,
    ) -> Result<Vec<Result<Reply>>> {
        Ok(commands.iter().map(|command| self.answer(command)).collect())
    }

    fn host(&self) -> Option<String> {
        self.address.rsplit_once(':').map(|(host, _)| host.to_owned())
    }

    fn generation(&self) -> u64 {
        0
    }

    fn notices_flushes(&self) -> bool {
        false
    }
}

/// A cluster that is found at `h:1`. There is no connection to a host that is no name.
fn cluster(slots: Vec<Reply>, script: Vec<(&'static str, Say)>) -> (Arc<World>, Arc<Cluster<Node>>) {
    cluster_of(&RedisSettings::new("redis://h:1"), slots, script)
}

fn cluster_of(
    settings: &RedisSettings,
    slots: Vec<Reply>,
    script: Vec<(&'static str, Say)>,
) -> (Arc<World>, Arc<Cluster<Node>>) {
    let world = Arc::new(World { slots: Mutex::new(slots), script: Mutex::new(script), ..World::default() });
    let node = |world: &Arc<World>, address: &str| Node { world: world.clone(), address: address.to_owned() };
    let (seed, of) = (Arc::new(node(&world, "h:1")), world.clone());
    let make = move |settings: &RedisSettings| match settings.url.strip_prefix("redis://") {
        Some(address) if !address.contains('!') => Ok(node(&of, address)),
        _ => Err(Error::Settings { setting: "url", reason: "no name".to_owned() }),
    };
    (world, Cluster::new(settings, &seed, make))
}

impl World {
    fn sent(&self) -> Vec<String> {
        let mut sent = std::mem::take(&mut *self.sent.lock().unwrap());
        sent.sort_unstable();
        sent
    }
}

fn range(first: i64, last: i64, host: Reply, port: i64) -> Reply {
    let master = Reply::Array(vec![host, Reply::Int(port), Reply::Bulk("id".into())]);
    Reply::Array(vec![Reply::Int(first), Reply::Int(last), master])
}

/// The lower half of the slots at this port of `h`, and the upper one at that.
fn halves(lower: i64, upper: i64) -> Vec<Reply> {
    vec![
        range(0, 8_191, Reply::Bulk("h".into()), lower),
        range(8_192, 16_383, Reply::Bulk("h".into()), upper),
    ]
}

/// All of them at this port of the host that is asked.
fn all_at(port: i64) -> Vec<Reply> {
    vec![range(0, 16_383, Reply::Nil, port)]
}

fn everybody() -> Command {
    Command::new("CLUSTER").arg("NODES").routed(Route::AllMasters).repeatable()
}

/// What may not be repeated.
fn once() -> Command {
    Command::new("INCRALL").routed(Route::AllMasters)
}

fn answers(answer: Result<Reply>) -> Vec<String> {
    let mut answers: Vec<_> = answer.unwrap().into_items().unwrap();
    let mut answers: Vec<_> = answers.drain(..).map(|answer| answer.as_str().unwrap().to_owned()).collect();
    answers.sort_unstable();
    answers
}

const READONLY: &str = "READONLY You can't write against a read only replica.";

#[tokio::test(start_paused = true)]
async fn nobody_is_not_all_masters() {
    let (_, cluster) = cluster(Vec::new(), Vec::new());
    let error = cluster.send(&everybody(), None).await.unwrap_err();
    assert!(error.is_unavailable() && error.to_string().contains("who has its slots"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_taken_out_is_not_believed() {
    let (world, cluster) = cluster(all_at(2), Vec::new());
    assert_eq!(answers(cluster.send(&everybody(), None).await), ["h:2"]);
    *world.taken_out.lock().unwrap() = "h:1";
    cluster.refresh(Duration::from_secs(1)).await.unwrap();
    assert_eq!(cluster.nodes.slots().masters(), ["h:2"]);
    assert_eq!(cluster.nodes.home().address, "h:2", "the other one is asked no more");
}

#[tokio::test(start_paused = true)]
async fn who_has_answered_is_not_told_again_what_a_demoted_one_refused() {
    for refusal in [READONLY, "MOVED 9000 h:3", "MOVED 9000 :3", "MASTERDOWN Link with MASTER is down"] {
        for command in [once(), everybody()] {
            let script = vec![("h:2", Say::Refuse(refusal)), ("h:2", Say::Moves(refusal, halves(1, 3)))];
            let (world, cluster) = cluster(halves(1, 2), script);
            assert_eq!(answers(cluster.send(&command, None).await), ["h:1", "h:3"], "{refusal}");
            let sent = ["h:1", "h:2", "h:2", "h:3"].map(|node| format!("{node} {}", command.name()));
            assert_eq!(world.sent(), sent, "{refusal}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_not_sent_again_but_told() {
    let broken = || cluster(halves(1, 2), vec![("h:2", Say::Breaks)]);
    let (world, cluster) = broken();
    assert!(cluster.send(&once(), None).await.unwrap_err().is_unavailable());
    assert_eq!(world.sent(), ["h:1 INCRALL", "h:2 INCRALL"]);
    let (world, cluster) = broken();
    assert_eq!(answers(cluster.send(&everybody(), None).await), ["h:1", "h:2"]);
    assert_eq!(world.sent(), ["h:1 CLUSTER", "h:2 CLUSTER", "h:2 CLUSTER"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_redirection_is_told_at_once() {
    let script = vec![("h:1", Say::Refuse(READONLY)), ("h:2", Say::Refuse("NOPERM no"))];
    let (world, cluster) = cluster(halves(1, 2), script);
    assert!(cluster.send(&everybody(), None).await.unwrap_err().is_access_denied());
    assert_eq!(world.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_took_over_after_its_answer_answers_for_all_it_has_or_not_at_all() {
    let taken = || cluster(halves(1, 2), vec![("h:2", Say::Moves(READONLY, halves(1, 1)))]);
    let (world, cluster) = taken();
    assert_eq!(answers(cluster.send(&everybody(), None).await), ["h:1"]);
    assert_eq!(world.sent(), ["h:1 CLUSTER", "h:1 CLUSTER", "h:2 CLUSTER"]);
    let (world, cluster) = taken();
    let error = cluster.send(&once(), None).await.unwrap_err();
    assert!(error.is_write_refused(), "{error}");
    assert_eq!(world.sent(), ["h:1 INCRALL", "h:2 INCRALL"]);
}

#[tokio::test(start_paused = true)]
async fn slots_without_a_master_are_waited_for_if_somebody_had_them() {
    let lower = || vec![halves(1, 1).remove(0)];
    let (world, cluster) = cluster(halves(1, 2), vec![("h:2", Say::Moves(READONLY, lower()))]);
    let once = once();
    let (asked, elected) = tokio::join!(cluster.send(&once, None), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        *world.slots.lock().unwrap() = halves(1, 3);
        cluster.refresh(Duration::from_secs(1)).await
    });
    elected.unwrap();
    assert_eq!(answers(asked), ["h:1", "h:3"]);
    assert_eq!(world.sent(), ["h:1 INCRALL", "h:2 INCRALL", "h:3 INCRALL"]);
    let (_, cluster) = self::cluster(halves(1, 2), vec![("h:2", Say::Moves(READONLY, lower()))]);
    let error = cluster.send(&once, Some(Duration::from_millis(300))).await.unwrap_err();
    assert!(error.is_write_refused(), "{error}");
    let (_, cluster) = self::cluster(lower(), Vec::new());
    assert_eq!(answers(cluster.send(&once, None).await), ["h:1"]);
}

#[tokio::test(start_paused = true)]
async fn a_redirection_without_a_host_is_to_another_port_of_whoever_says_it() {
    let get = Command::new("GET").key("foo");
    for (redirection, then) in [("MOVED 12182 :3", "h:3"), ("ASK 12182 :3", "h:1")] {
        let (world, cluster) = cluster(all_at(1), vec![("h:1", Say::Refuse(redirection))]);
        let answer = cluster.send(&get, None).await.unwrap();
        assert!(world.sent().contains(&"h:3 GET".to_owned()), "{redirection}");
        let _ = answer;
        assert_eq!(cluster.send(&get, None).await.unwrap().as_str(), Some(then), "{redirection}");
    }
    // In a transaction too.
    let (_, cluster) = cluster(all_at(1), vec![("h:1", Say::Refuse("MOVED 12182 :3"))]);
    let _ = cluster.send(&get, None).await.unwrap();
    let answers = cluster.transact(&[&get], None).await.unwrap();
    assert!(matches!(answers.as_slice(), [Ok(answer)] if answer.as_str() == Some("h:3")), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_names_a_node_is_told_that_it_is_another_one() {
    for said in ["MOVED 12182 h:2", "ASK 12182 h:2"] {
        let (world, cluster) = cluster(halves(1, 2), vec![("h:1", Say::Refuse(said))]);
        let began = tokio::time::Instant::now();
        let get = Command::new("GET").key("foo").repeatable().routed(Route::Node("h:1".to_owned()));
        let error = cluster.send(&get, None).await.unwrap_err();
        assert_eq!(error.server_kind(), Some(cache_index::ServerErrorKind::Moved), "{error}");
        assert_eq!(*world.sent.lock().unwrap(), ["h:1 GET"]);
        assert!(began.elapsed().is_zero());
    }
}

/// By the clock, which attempts look at.
#[tokio::test]
async fn a_slot_that_goes_on_moving_is_asked_for_until_the_time_is_over() {
    let within = Duration::from_millis(300);
    // Not to be repeated: what is refused so was not executed.
    let incr = Command::new("INCR").key("foo");
    for said in ["TRYAGAIN Multiple keys request during rehashing of slot", "ASK 12182 ?:2"] {
        let (world, cluster) = cluster(all_at(1), (0..100).map(|_| ("h:1", Say::Refuse(said))).collect());
        let began = tokio::time::Instant::now();
        let error = cluster.send(&incr, Some(within)).await.unwrap_err();
        assert!(error.is_unavailable() && error.to_string().contains("nothing was done"), "{error}");
        assert!(began.elapsed() <= within && world.sent().len() > 3);
        // As soon as it has moved, it is done, and once.
        world.script.lock().unwrap().truncate(2);
        assert_eq!(cluster.send(&incr, Some(within)).await.unwrap().as_str(), Some("h:1"));
        assert_eq!(world.sent(), ["h:1 INCR", "h:1 INCR", "h:1 INCR"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirection_to_nowhere_waits_until_it_is_known_where() {
    let moves = Say::Moves("MOVED 12182 ?:3", all_at(3));
    let (_, cluster) = cluster(all_at(1), vec![("h:1", moves)]);
    assert_eq!(cluster.send(&Command::new("GET").key("foo"), None).await.unwrap().as_str(), Some("h:3"));
}

#[tokio::test(start_paused = true)]
async fn a_node_to_which_there_is_no_connection_takes_no_answers_of_others_along() {
    let commands = [("INCR", "foo"), ("INCR", "bar"), ("GET", "foo")];
    let commands = commands.map(|(name, key)| Command::new(name).key(key));
    // `foo` has slot 12182 of the upper half, `bar` 5061 of the lower one.
    let (world, cluster) = cluster(halves(1, 2), vec![("h:2", Say::Refuse("MOVED 12182 !:3"))]);
    let answers = cluster.send_all(&commands.iter().collect::<Vec<_>>(), None).await.unwrap();
    let [Err(first), Ok(bar), Ok(_)] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(matches!(first, Error::Settings { .. }), "{first}");
    assert_eq!(bar.as_str(), Some("h:1"));
    assert_eq!(world.sent(), ["h:1 INCR", "h:2 GET", "h:2 INCR"]);
    // Known to be there from the beginning: the others are sent all the same.
    let answers = cluster.send_all(&commands.iter().collect::<Vec<_>>(), None).await.unwrap();
    assert!(matches!(answers.as_slice(), [Err(_), Ok(_), Err(Error::Settings { .. })]), "{answers:?}");
    assert_eq!(world.sent(), ["h:1 INCR"]);
    let error = cluster.transact(&[&commands[0]], None).await.unwrap_err();
    assert!(matches!(error, Error::Settings { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_says_something_of_the_next_command_goes_nowhere_without_it() {
    let (world, cluster) = cluster(vec![range(0, 16_383, Reply::Bulk("!".into()), 2)], Vec::new());
    let (caching, get) = (Command::new("CLIENT").arg("CACHING"), Command::new("GET").key("foo"));
    let wait = Command::new("WAIT");
    let answers = cluster.send_all(&[&caching, &get, &wait], None).await.unwrap();
    assert!(answers.iter().all(Result::is_err), "{answers:?}");
    assert_eq!(world.sent(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_has_a_key_is_not_for_all_masters_and_what_is_for_them_is_no_part_of_a_batch() {
    let refused = |outcome: Result<()>, advice: &str| {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains(advice), "{error}");
    };
    let (world, cluster) = cluster(halves(1, 2), Vec::new());
    let get = || Command::new("GET").key("foo");
    let to_all = |command: Command| command.routed(Route::AllMasters);
    for keyed in [to_all(get()), to_all(Command::new("GET")).key("foo"), to_all(get()).repeatable()] {
        let outcome = cluster.send(&keyed, None).await.map(drop);
        refused(outcome, "leave `Route::AllMasters` out");
    }
    let (get, all) = (get(), everybody());
    for batch in [[&get, &all], [&all, &get], [&all, &all]] {
        refused(cluster.send_all(&batch, None).await.map(drop), "take it out of the batch");
        refused(cluster.transact(&batch, None).await.map(drop), "take it out of the batch");
    }
    assert_eq!(world.sent(), [""; 0], "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_replicas_asks_the_master_of_what_was_written_before() {
    let set = |key: &str| Command::new("SET").key(key);
    let (bar, foo, both) = (set("bar"), set("foo"), Command::new("DEL").key("bar").key("foo"));
    let (get, wait) = (Command::new("GET").key("bar"), Command::new("WAIT").arg("1").arg("100"));
    let texts = |answers: Vec<Result<Reply>>| -> Vec<String> {
        answers.into_iter().map(|answer| answer.unwrap().as_str().unwrap().to_owned()).collect()
    };
    let (world, nodes) = cluster(halves(1, 2), Vec::new());
    let answers = nodes.send_all(&[&bar, &wait, &foo, &wait], None).await.unwrap();
    assert_eq!(texts(answers), ["h:1", "h:1", "h:2", "h:2"]);
    world.sent();
    for refused in [vec![&bar, &foo, &wait], vec![&both, &wait], vec![&wait, &bar], vec![&bar, &wait, &wait]]
    {
        let error = nodes.send_all(&refused, None).await.unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    }
    assert_eq!(world.sent(), [""; 0], "nothing was sent");

    let (_, nodes) = cluster(halves(1, 2), vec![("h:1", Say::Refuse("MOVED 5061 h:3"))]);
    let answers = nodes.send_all(&[&bar, &wait, &foo, &wait], None).await.unwrap();
    assert_eq!(texts(answers), ["h:3", "h:3", "h:2", "h:2"]);

    // What stands between them is done with.
    let (world, nodes) = cluster(halves(1, 2), vec![("h:1", Say::Refuse("TRYAGAIN"))]);
    let _ = nodes.send_all(&[&bar, &get, &wait], None).await.unwrap();
    assert_eq!(world.sent(), ["h:1 GET", "h:1 SET", "h:1 SET", "h:1 WAIT", "h:1 WAIT"]);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_is_read_where_it_was_opened() {
    let at_home = |command: Command| command.routed(Route::SlotOf(b"foo".to_vec()));
    let (look, open) = (Command::new("GET").key("foo"), at_home(Command::new("FT.AGGREGATE").arg("idx")));
    let read = || Command::new("FT.CURSOR").arg("READ").arg("idx").arg("7");
    let (_, nodes) = cluster(halves(1, 2), Vec::new());
    let answers = nodes.send_all(&[&look, &Command::new("FT.INFO").arg("idx"), &open], None).await.unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().as_str() == Some("h:2")), "{answers:?}");
    for (command, node) in [(open, "h:2"), (at_home(read()), "h:2"), (read(), "h:1")] {
        assert_eq!(nodes.send(&command, None).await.unwrap().as_str(), Some(node));
    }
}
