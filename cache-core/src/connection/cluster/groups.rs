//! What of a call goes to which node.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cache_index::{Command, Reply, Route};

use super::attempts::Aim;
use super::member::Member;
use super::nodes::Nodes;
use super::slots;
use crate::connection::answers::waits_for_replicas;
use crate::error::{Error, Result};

/// A node, and which commands it gets, each with whether it has to be asked for.
pub(super) type Group<M> = (Arc<M>, Vec<(usize, bool)>);

/// Whether it goes to wherever what it is about goes.
fn follows(command: &Command) -> bool {
    waits_for_replicas(command) && *command.route() == Route::AnyNode
}

/// Fails if a command is about what was written before it, and that may be on several nodes: it would be answered by one of them.
pub(super) fn check_waits(commands: &[&Command]) -> Result<()> {
    let mut slot = None;
    for command in commands {
        if !follows(command) {
            let own = command.slot_key().map(slots::slot);
            match (slot, own) {
                (Some(Ok(before)), Some(own)) if before != own => slot = Some(Err(())),
                (None, Some(own)) => slot = Some(Ok(own)),
                _ => {}
            }
            continue;
        }
        let needs = match slot.take() {
            Some(Ok(_)) => continue,
            Some(Err(())) => {
                "what is in front of it, as far as the last one, to be of one slot, since it asks the node of that alone: \
                 put one behind each write, or give the keys the same hash tag, `{acme}:7`"
            }
            None => {
                "the write that it is about in front of it, in one batch, so that both go to one node; or a route to that node"
            }
        };
        return Err(Error::Unsupported {
            what: "waiting for replicas on a cluster",
            needs: needs.to_owned(),
        });
    }
    Ok(())
}

impl<M: Member> Nodes<M> {
    /// The commands by the nodes that they go to; and those for nodes to which there is no connection by these settings.
    pub(super) fn grouped(
        &self,
        sent: &[&Command],
        open: &[(usize, Aim)],
    ) -> (Vec<Group<M>>, Vec<(usize, Error)>) {
        let mut groups: Vec<Group<M>> = Vec::new();
        let mut nowhere = Vec::new();
        let mut places: HashMap<*const M, usize> = HashMap::new();
        for ((at, aim), target) in open.iter().zip(self.targets(sent, open)) {
            let node = match target {
                Ok(node) => node,
                Err(error) => {
                    nowhere.push((*at, error));
                    continue;
                }
            };
            let place = *places.entry(Arc::as_ptr(&node)).or_insert_with(|| {
                groups.push((node, Vec::new()));
                groups.len() - 1
            });
            if let Some((_, group)) = groups.get_mut(place) {
                group.push((*at, matches!(aim, Aim::Ask(_))));
            }
        }
        (groups, nowhere)
    }

    /// Where each goes. One for any node goes with the one behind it, and behind the last one with that; one that is about what was
    /// written before it, with the one in front of it.
    fn targets(&self, sent: &[&Command], open: &[(usize, Aim)]) -> Vec<Result<Arc<M>>> {
        let slots = self.slots();
        let mut before = None;
        let mut own = Vec::with_capacity(open.len());
        for (at, aim) in open {
            let command = sent.get(*at);
            let node = match (aim, command.map(|command| command.route())) {
                (Aim::Ask(address), _) => Some(self.at(address)),
                (_, Some(Route::Node(address))) => Some(self.at(slots.found_at(address))),
                (_, Some(Route::Key(_) | Route::SlotOf(_))) => {
                    let key = command.and_then(|command| command.slot_key()).unwrap_or_default();
                    // If nobody has it, any node says who does, or that nobody does.
                    let master = slots.master(slots::slot(key)).map(|address| self.at(address));
                    Some(master.unwrap_or_else(|| Ok(self.home())))
                }
                _ if command.is_some_and(|command| follows(command)) => before.as_ref().map(same),
                _ => None,
            };
            if let Some(node) = &node {
                before = Some(same(node));
            }
            own.push(node);
        }
        let mut next: Option<Result<Arc<M>>> = None;
        let mut targets = Vec::with_capacity(open.len());
        for node in own.into_iter().rev() {
            if let Some(node) = node {
                next = Some(node);
            }
            // Behind the last one that has a node.
            let target = next.as_ref().or(before.as_ref()).map(same);
            targets.push(target.unwrap_or_else(|| Ok(self.home())));
        }
        targets.reverse();
        targets
    }
}

/// The same node once more, or why there is none.
fn same<M>(node: &Result<Arc<M>>) -> Result<Arc<M>> {
    node.as_ref().map(Arc::clone).map_err(Error::again)
}

/// Sends the commands of a group in one piece; one answer each.
pub(super) async fn pieces<M: Member>(
    node: &M,
    sent: &[&Command],
    group: &[(usize, bool)],
    timeout: Option<Duration>,
) -> Result<Vec<Result<Reply>>> {
    let asking = Command::new("ASKING");
    let mut commands = Vec::with_capacity(group.len());
    for (at, asks) in group {
        if *asks {
            commands.push(&asking);
        }
        commands.extend(sent.get(*at));
    }
    if let [command] = commands.as_slice() {
        return Ok(vec![Box::pin(node.call(command, timeout)).await]);
    }
    let mut answers = Box::pin(node.call_all(&commands, false, timeout)).await?.into_iter();
    let mut own = Vec::with_capacity(group.len());
    for (_, asks) in group {
        if *asks {
            answers.next();
        }
        own.extend(answers.next());
    }
    Ok(own)
}
