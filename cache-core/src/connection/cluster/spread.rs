//! Commands about many keys: a node takes those of one slot.

use std::borrow::Cow;
use std::collections::HashMap;

use cache_index::{Command, DecodeError, Reply, Route};

use super::slots::slot;
use crate::error::{Error, Result};

/// How the answers to the parts make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Makes {
    /// How many keys it was.
    Sum,
    /// A list with an item for each key.
    List,
}

/// A command that may be divided. Divided, it is no single step any more: each part is one.
struct Divided {
    name: &'static str,
    /// How many arguments follow its keys.
    behind: usize,
    makes: Makes,
    /// Whether the server knows all of its keys. Where it knows the first alone, it says `nil` of the others that have gone to
    /// another node, while their slot moves, in place of `ASK` or `TRYAGAIN`: each is asked for by itself.
    knows: bool,
}

/// All of them. Source of what the server knows: `COMMAND GETKEYS`, of RedisJSON 2.8.
const DIVIDED: &[Divided] = &[
    Divided { name: "DEL", behind: 0, makes: Makes::Sum, knows: true },
    Divided { name: "UNLINK", behind: 0, makes: Makes::Sum, knows: true },
    Divided { name: "EXISTS", behind: 0, makes: Makes::Sum, knows: true },
    Divided { name: "TOUCH", behind: 0, makes: Makes::Sum, knows: true },
    Divided { name: "MGET", behind: 0, makes: Makes::List, knows: true },
    Divided { name: "JSON.MGET", behind: 1, makes: Makes::List, knows: false },
];

/// Commands as they are sent, and how their answers become those that were asked for.
pub(super) struct Spread<'a> {
    pub(super) commands: Vec<Cow<'a, Command>>,
    asked: Vec<Asked>,
}

enum Asked {
    /// The next answer.
    Whole,
    /// The next answers, one for each of these: where its keys stood.
    Divided { name: &'static str, makes: Makes, places: Vec<Vec<usize>> },
}

impl<'a> Spread<'a> {
    pub(super) fn of(commands: &[&'a Command]) -> Self {
        let mut spread = Self { commands: Vec::with_capacity(commands.len()), asked: Vec::new() };
        for command in commands {
            match divided(command) {
                None => {
                    spread.commands.push(Cow::Borrowed(*command));
                    spread.asked.push(Asked::Whole);
                }
                Some((name, makes, parts)) => {
                    let (places, parts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
                    spread.commands.extend(parts.into_iter().map(Cow::Owned));
                    spread.asked.push(Asked::Divided { name, makes, places });
                }
            }
        }
        spread
    }

    /// The answers to what was asked, from those to what was sent.
    pub(super) fn join(&self, answers: Vec<Result<Reply>>) -> Vec<Result<Reply>> {
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
        let join = |asked: &Asked| match asked {
            Asked::Whole => next(),
            Asked::Divided { name, makes, places } => {
                // All of them are taken, also behind an error.
                let parts: Vec<_> = places.iter().map(|_| next()).collect();
                joined(name, *makes, places, parts)
            }
        };
        self.asked.iter().map(join).collect()
    }
}

fn joined(name: &str, makes: Makes, places: &[Vec<usize>], parts: Vec<Result<Reply>>) -> Result<Reply> {
    let unexpected = |what, reply: &Reply| Error::Decode {
        command: name.to_owned(),
        source: DecodeError::unexpected(what, reply.describe()),
    };
    match makes {
        Makes::Sum => {
            let mut sum = 0;
            for part in parts {
                let part = part?;
                sum += part.as_int().ok_or_else(|| unexpected("an integer", &part))?;
            }
            Ok(Reply::Int(sum))
        }
        Makes::List => {
            let mut list = vec![Reply::Nil; places.iter().map(Vec::len).sum()];
            for (part, places) in parts.into_iter().zip(places) {
                match part? {
                    Reply::Array(items) if items.len() == places.len() => {
                        for (item, place) in items.into_iter().zip(places) {
                            if let Some(empty) = list.get_mut(*place) {
                                *empty = item;
                            }
                        }
                    }
                    other => return Err(unexpected("an item for each key", &other)),
                }
            }
            Ok(Reply::Array(list))
        }
    }
}

/// Its keys by their slots, or one by one, unless that is one part.
#[expect(clippy::type_complexity, reason = "it is taken apart at once")]
fn divided(command: &Command) -> Option<(&'static str, Makes, Vec<(Vec<usize>, Command)>)> {
    let &Divided { name, behind, makes, knows } = DIVIDED.iter().find(|one| one.name == command.name())?;
    if *command.route() != Route::Key(1) {
        return None;
    }
    let keys = command.args().len().checked_sub(1 + behind)?;
    let mut by_slot: HashMap<(u16, usize), usize> = HashMap::new();
    let mut places: Vec<(Vec<usize>, Vec<&[u8]>)> = Vec::new();
    for (place, key) in command.args().skip(1).take(keys).enumerate() {
        let part = if knows { (slot(key), 0) } else { (0, place) };
        let at = *by_slot.entry(part).or_insert_with(|| {
            places.push((Vec::new(), Vec::new()));
            places.len() - 1
        });
        if let Some((places, keys)) = places.get_mut(at) {
            places.push(place);
            keys.push(key);
        }
    }
    if places.len() < 2 {
        return None;
    }
    let parts = places.into_iter().map(|(places, keys)| {
        let part = keys.into_iter().fold(Command::new(name), Command::key);
        let part = part.args_from(command.args().skip(1 + keys_of(command, behind)));
        let part = if command.is_repeatable() { part.repeatable() } else { part };
        (places, part)
    });
    Some((name, makes, parts.collect()))
}

fn keys_of(command: &Command, behind: usize) -> usize {
    command.args().len().saturating_sub(1 + behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Command) -> Vec<String> {
        command.args().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    #[test]
    fn keys_are_sent_by_their_slots_and_answers_come_in_order() {
        let keys = ["a", "{a}1", "b", "c", "{b}2"];
        let mget = keys.iter().fold(Command::new("MGET"), Command::key).repeatable();
        let ping = Command::new("PING");
        let spread = Spread::of(&[&ping, &mget, &ping]);
        let sent: Vec<_> = spread.commands.iter().map(|command| words(command)).collect();
        assert_eq!(
            sent,
            [
                vec!["PING"],
                vec!["MGET", "a", "{a}1"],
                vec!["MGET", "b", "{b}2"],
                vec!["MGET", "c"],
                vec!["PING"],
            ]
        );
        assert!(spread.commands.get(1).unwrap().is_repeatable());
        let list = |items: &[i64]| Ok(Reply::Array(items.iter().map(|item| Reply::Int(*item)).collect()));
        let answers = vec![Ok(Reply::Int(-1)), list(&[0, 1]), list(&[2, 4]), list(&[3]), Ok(Reply::Int(-2))];
        let joined: Vec<_> = spread.join(answers).into_iter().map(Result::unwrap).collect();
        assert_eq!(joined, [Reply::Int(-1), list(&[0, 1, 2, 3, 4]).unwrap(), Reply::Int(-2)]);
    }

    /// Of the first key alone the server says where it is.
    #[test]
    fn documents_are_asked_for_one_by_one() {
        let mget =
            ["{a}1", "{a}2"].iter().fold(Command::new("JSON.MGET"), Command::key).arg("$").repeatable();
        let spread = Spread::of(&[&mget]);
        let sent: Vec<_> = spread.commands.iter().map(|command| words(command)).collect();
        assert_eq!(sent, [["JSON.MGET", "{a}1", "$"], ["JSON.MGET", "{a}2", "$"]]);
        let list = |items: &[i64]| Ok(Reply::Array(items.iter().map(|item| Reply::Int(*item)).collect()));
        let joined = spread.join(vec![list(&[1]), list(&[2])]).remove(0).unwrap();
        assert_eq!(joined, list(&[1, 2]).unwrap());
    }

    #[test]
    fn sums_are_added_and_an_error_is_one_of_its_own_command() {
        let del = ["a", "b"].iter().fold(Command::new("DEL"), Command::key);
        let spread = Spread::of(&[&del, &del]);
        let answers =
            vec![Ok(Reply::Int(1)), Ok(Reply::Int(1)), Ok(Reply::Int(1)), Err(Error::Busy { limit: 1 })];
        let joined = spread.join(answers);
        assert!(matches!(joined.as_slice(), [Ok(Reply::Int(2)), Err(Error::Busy { .. })]), "{joined:?}");
        let short = Spread::of(&[&del]).join(vec![Ok(Reply::Nil), Ok(Reply::Int(1))]);
        assert!(matches!(short.as_slice(), [Err(Error::Decode { .. })]), "{short:?}");
    }

    #[test]
    fn what_is_of_one_slot_is_sent_as_it_is() {
        let one = Command::new("DEL").key("{a}1").key("{a}2");
        let other = Command::new("EVALSHA").arg("x").arg("2").key("a").key("b");
        let spread = Spread::of(&[&one, &other]);
        assert!(spread.commands.iter().all(|command| matches!(command, Cow::Borrowed(_))));
    }
}
