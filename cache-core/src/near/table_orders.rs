//! The orders in which reads, writes, invalidations and breaks of the line can happen: all of small ones, some of large ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::table::{Joined, Seat, Table, Turn};
use super::trust::Trust;
use crate::clock::Moment;

const KEY: &[u8] = b"shop:cache:user:1";

/// How often what can happen.
#[derive(Clone, Copy)]
struct Scene {
    readers: usize,
    reads: usize,
    give_ups: usize,
    others_write: usize,
    flushes: usize,
    own_writes: usize,
    breaks: usize,
}

const QUIET: Scene =
    Scene { readers: 1, reads: 1, give_ups: 0, others_write: 0, flushes: 0, own_writes: 0, breaks: 0 };

/// What is done wrong on purpose.
#[derive(Clone, Copy, PartialEq)]
enum Mistake {
    None,
    /// What the server answered is kept whether or not there was a change, as redis-rs does.
    KeepsAnyway,
    /// A line that broke is not noticed.
    BelievesOn,
    /// An own write is forgotten before it is sent, and not once more.
    ForgetsOnce,
    /// A flush is not noticed.
    IgnoresFlush,
}

enum Message {
    /// To whose question, its number, and what there was.
    Answer(usize, u64, u64),
    Changed,
    AllChanged,
}

enum Reader {
    Idle,
    Asked(Turn<u64>, u64),
    Answered(Turn<u64>, u64),
    Waits(Joined<u64>),
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Read(usize),
    GiveUp(usize),
    Land(usize),
    Serve,
    Hear,
    Write,
    Flush,
    OwnBegins,
    OwnIsServed,
    OwnEnds,
    Break,
    Mend,
}

struct World {
    left: Scene,
    mistake: Mistake,
    table: Arc<Table<u64>>,
    trust: Trust,
    now: Moment,
    /// What the server has.
    version: u64,
    /// Whether it remembers that the key was read.
    tracked: bool,
    /// Whose they are, and their numbers: who gave up gets no answer to what is asked next.
    questions: VecDeque<(usize, u64)>,
    asked: u64,
    wire: VecDeque<Message>,
    readers: Vec<Reader>,
    left_reads: Vec<usize>,
    /// What a reader must see at least: what was written here when it began.
    least: Vec<u64>,
    own: Option<u64>,
    own_begun: bool,
    own_done: u64,
    broken: bool,
}

impl World {
    fn new(left: Scene, mistake: Mistake) -> Self {
        let (trust, now) = (Trust::default(), Moment::now());
        trust.answered(0, now.after(Duration::from_secs(3600)));
        Self {
            left,
            mistake,
            table: Arc::new(Table::new(100)),
            trust,
            now,
            version: 1,
            tracked: false,
            questions: VecDeque::new(),
            asked: 0,
            wire: VecDeque::new(),
            readers: (0..left.readers).map(|_| Reader::Idle).collect(),
            left_reads: vec![left.reads; left.readers],
            least: vec![0; left.readers],
            own: None,
            own_begun: false,
            own_done: 0,
            broken: false,
        }
    }

    fn acts(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        for (at, reader) in self.readers.iter().enumerate() {
            match reader {
                Reader::Idle if self.left_reads[at] > 0 && !self.broken => acts.push(Act::Read(at)),
                Reader::Asked(..) if self.left.give_ups > 0 => acts.push(Act::GiveUp(at)),
                Reader::Answered(..) => acts.push(Act::Land(at)),
                _ => {}
            }
        }
        let mut may = |holds: bool, act| {
            if holds {
                acts.push(act);
            }
        };
        may(!self.questions.is_empty(), Act::Serve);
        may(!self.wire.is_empty(), Act::Hear);
        may(self.left.others_write > 0, Act::Write);
        may(self.left.flushes > 0, Act::Flush);
        may(self.left.own_writes > 0 && !self.own_begun, Act::OwnBegins);
        may(self.own_begun && self.own.is_none(), Act::OwnIsServed);
        may(self.own.is_some(), Act::OwnEnds);
        may(self.left.breaks > 0 && !self.broken, Act::Break);
        may(self.broken, Act::Mend);
        acts
    }

    fn act(&mut self, act: Act) {
        let far = self.now.after(Duration::from_secs(3600));
        match act {
            Act::Read(at) => {
                self.left_reads[at] -= 1;
                self.least[at] = self.own_done;
                let epoch = self.trust.epoch(self.now).unwrap();
                match self.table.enter(KEY, epoch, self.now) {
                    Seat::Hit(seen) => self.saw(at, seen),
                    Seat::Join(joined) => self.readers[at] = Reader::Waits(joined),
                    Seat::Lead(turn) => {
                        self.asked += 1;
                        self.readers[at] = Reader::Asked(turn, self.asked);
                        self.questions.push_back((at, self.asked));
                    }
                }
            }
            Act::GiveUp(at) => {
                self.left.give_ups -= 1;
                self.readers[at] = Reader::Idle;
            }
            Act::Land(at) => {
                let Reader::Answered(turn, seen) = std::mem::replace(&mut self.readers[at], Reader::Idle)
                else {
                    unreachable!()
                };
                if self.mistake == Mistake::KeepsAnyway {
                    self.table.changed(KEY);
                    let epoch = self.trust.epoch(self.now).unwrap_or_default();
                    if let Seat::Lead(other) = self.table.enter(KEY, epoch, self.now) {
                        other.land(Ok(seen), Some(far));
                    }
                }
                turn.land(Ok(seen), Some(far));
                self.saw(at, seen);
            }
            Act::Serve => {
                let (at, number) = self.questions.pop_front().unwrap();
                self.tracked = true;
                self.wire.push_back(Message::Answer(at, number, self.version));
            }
            Act::Hear => match self.wire.pop_front().unwrap() {
                Message::Changed => self.table.changed(KEY),
                Message::AllChanged if self.mistake == Mistake::IgnoresFlush => {}
                Message::AllChanged => self.trust.begin_anew(),
                Message::Answer(at, number, seen) => {
                    let reader = std::mem::replace(&mut self.readers[at], Reader::Idle);
                    self.readers[at] = match reader {
                        Reader::Asked(turn, asked) if asked == number => Reader::Answered(turn, seen),
                        // It gave up.
                        other => other,
                    };
                }
            },
            Act::Write => {
                self.left.others_write -= 1;
                self.changes();
            }
            Act::Flush => {
                self.left.flushes -= 1;
                (self.version, self.tracked) = (self.version + 1, false);
                self.tell(Message::AllChanged);
            }
            Act::OwnBegins => {
                self.left.own_writes -= 1;
                self.own_begun = true;
                self.table.changed(KEY);
            }
            Act::OwnIsServed => {
                self.changes();
                self.own = Some(self.version);
            }
            Act::OwnEnds => {
                if self.mistake != Mistake::ForgetsOnce {
                    self.table.changed(KEY);
                }
                self.own_done = self.own.take().unwrap();
                self.own_begun = false;
            }
            Act::Break => {
                self.left.breaks -= 1;
                (self.tracked, self.broken) = (false, true);
                self.wire.clear();
                self.questions.clear();
                let lost = |reader: &Reader| matches!(reader, Reader::Asked(..));
                for reader in self.readers.iter_mut().filter(|reader| lost(reader)) {
                    *reader = Reader::Idle;
                }
                if self.mistake != Mistake::BelievesOn {
                    self.trust.lost();
                }
            }
            Act::Mend => {
                self.broken = false;
                self.trust.answered(self.trust.losses(), far);
            }
        }
        self.wake();
    }

    fn changes(&mut self) {
        self.version += 1;
        if std::mem::take(&mut self.tracked) {
            self.tell(Message::Changed);
        }
    }

    fn tell(&mut self, message: Message) {
        if !self.broken {
            self.wire.push_back(message);
        }
    }

    /// Those who wait and have an outcome take it; those whose leader gave up are idle again.
    fn wake(&mut self) {
        for at in 0..self.readers.len() {
            if let Reader::Waits(joined) = &self.readers[at]
                && let Some(landed) = joined.now()
            {
                self.readers[at] = Reader::Idle;
                if let Some(Ok(seen)) = landed {
                    self.saw(at, seen);
                }
            }
        }
    }

    fn saw(&self, at: usize, seen: u64) {
        assert!(seen >= self.least[at], "own write lost: saw {seen}, wrote {}", self.least[at]);
    }

    /// What is believed is what the server has, or the server's word that it changed is on its way. While the line is broken,
    /// and until it is noticed, nobody can know.
    fn check(&self) {
        let told = self.wire.iter().any(|message| !matches!(message, Message::Answer(..)));
        let Some(epoch) = self.trust.epoch(self.now) else { return };
        if let Some(kept) = self.table.get(KEY, epoch, self.now) {
            assert!(kept == self.version || told || self.broken, "stale: {kept} of {}", self.version);
        }
    }

    /// Does the chosen acts, and then the first that can be done, until there is none. The choices that there were.
    fn run(mut self, mut choose: impl FnMut(usize) -> usize) -> Self {
        loop {
            let acts = self.acts();
            if acts.is_empty() {
                return self;
            }
            self.act(acts[choose(acts.len())]);
            self.check();
        }
    }
}

/// Goes through all orders, and says how many there are.
fn all_orders(scene: Scene, mistake: Mistake) -> usize {
    let (mut path, mut orders): (Vec<(usize, usize)>, usize) = (Vec::new(), 0);
    loop {
        let mut depth = 0;
        World::new(scene, mistake).run(|count| {
            if depth == path.len() {
                path.push((0, count));
            }
            depth += 1;
            path[depth - 1].0
        });
        orders += 1;
        while path.last().is_some_and(|(chosen, count)| chosen + 1 == *count) {
            path.pop();
        }
        match path.last_mut() {
            Some((chosen, _)) => *chosen += 1,
            None => return orders,
        }
    }
}

fn is_caught(scene: Scene, mistake: Mistake) -> bool {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::panic::catch_unwind(|| all_orders(scene, mistake)).is_err();
    std::panic::set_hook(hook);
    caught
}

#[test]
fn nothing_stale_is_believed_in_any_order_of_small_scenes() {
    let scenes = [
        Scene { readers: 2, others_write: 2, ..QUIET },
        Scene { reads: 2, others_write: 2, give_ups: 1, ..QUIET },
        Scene { readers: 2, own_writes: 1, others_write: 1, ..QUIET },
        Scene { reads: 2, own_writes: 2, ..QUIET },
        Scene { reads: 2, breaks: 1, others_write: 2, ..QUIET },
        Scene { readers: 2, flushes: 1, others_write: 1, ..QUIET },
    ];
    let orders = scenes.map(|scene| all_orders(scene, Mistake::None));
    assert!(orders.iter().all(|orders| *orders > 50), "{orders:?}");
}

#[test]
fn mistakes_are_caught() {
    assert!(is_caught(Scene { others_write: 1, ..QUIET }, Mistake::KeepsAnyway));
    assert!(is_caught(Scene { breaks: 1, others_write: 1, ..QUIET }, Mistake::BelievesOn));
    assert!(is_caught(Scene { reads: 2, own_writes: 1, ..QUIET }, Mistake::ForgetsOnce));
    assert!(is_caught(Scene { flushes: 1, ..QUIET }, Mistake::IgnoresFlush));
}

#[test]
fn nothing_stale_is_believed_in_some_orders_of_large_scenes() {
    let scene =
        Scene { readers: 4, reads: 6, give_ups: 3, others_write: 6, flushes: 2, own_writes: 4, breaks: 2 };
    for _ in 0..5_000 {
        World::new(scene, Mistake::None).run(|count| rand::random_range(0..count));
    }
}
