//! The nodes of a cluster that are talked to, and which slots they have.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use cache_index::{Command, Reply};

use super::member::Member;
use super::slots::{Asked, Slots};
use crate::error::{Error, Result};
use crate::settings::RedisSettings;

/// How long a node may take to say who has which slot before another one is asked.
const ASKED: Duration = Duration::from_millis(500);

/// Makes the connection to a node that settings name.
type Make<M> = Box<dyn Fn(&RedisSettings) -> Result<M> + Send + Sync>;

pub(super) struct Nodes<M> {
    settings: RedisSettings,
    make: Make<M>,
    /// The one of the settings, and its address there, as far as it has one.
    seed: (String, Arc<M>),
    known: RwLock<HashMap<String, Arc<M>>>,
    slots: RwLock<Arc<Slots>>,
    /// Where commands go that any node answers: always the same, as long as it does.
    home: RwLock<Arc<M>>,
    refreshing: tokio::sync::Mutex<()>,
    refreshed: AtomicU64,
    /// What the numbers of those have come to that are known no longer.
    gone: Mutex<u64>,
}

impl<M: Member> Nodes<M> {
    pub(super) fn new(settings: &RedisSettings, seed: &Arc<M>, make: Make<M>) -> Self {
        Self {
            settings: settings.clone(),
            make,
            seed: (address_in(&settings.url).to_owned(), Arc::clone(seed)),
            known: RwLock::default(),
            slots: RwLock::default(),
            home: RwLock::new(Arc::clone(seed)),
            refreshing: tokio::sync::Mutex::default(),
            refreshed: AtomicU64::new(0),
            gone: Mutex::new(0),
        }
    }

    pub(super) fn slots(&self) -> Arc<Slots> {
        Arc::clone(&self.slots.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A slot has moved.
    pub(super) fn moved(&self, slot: u16, address: &str) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        if slots.master(slot) != Some(address) {
            *slots = Arc::new(slots.moved(slot, address));
        }
    }

    /// Where any node will do.
    pub(super) fn home(&self) -> Arc<M> {
        Arc::clone(&self.home.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The node with this address.
    pub(super) fn at(&self, address: &str) -> Result<Arc<M>> {
        // A server that knows no address of its own, or has the one that the settings name.
        if address == self.seed.0 {
            return Ok(Arc::clone(&self.seed.1));
        }
        if let Some(node) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(address) {
            return Ok(Arc::clone(node));
        }
        let settings = RedisSettings { url: url_at(&self.settings.url, address), ..self.settings.clone() };
        let node = Arc::new((self.make)(&settings)?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.entry(address.to_owned()).or_insert(node)))
    }

    /// Asks who has which slot, unless somebody else has asked since the call began. If nobody says so, all stays as it was,
    /// and the error is that of the first who was asked. Bounded: half a second for each node.
    pub(super) async fn refresh(&self) -> Result<()> {
        let before = self.refreshed.load(Ordering::Acquire);
        let _alone = self.refreshing.lock().await;
        if self.refreshed.load(Ordering::Acquire) != before {
            return Ok(());
        }
        let mut outcome = Ok(());
        let mut candidates = vec![self.home()];
        candidates.extend(self.known.read().unwrap_or_else(PoisonError::into_inner).values().cloned());
        candidates.push(Arc::clone(&self.seed.1));
        for candidate in candidates {
            match self.ask(&candidate).await {
                // One that was taken out of the cluster knows of no slots, nor of the others.
                Ok(slots) if slots.masters().is_empty() => {}
                Ok(slots) => {
                    self.take(candidate, slots);
                    outcome = Ok(());
                    break;
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        self.refreshed.fetch_add(1, Ordering::AcqRel);
        outcome
    }

    async fn ask(&self, node: &M) -> Result<Slots> {
        let command = Command::new("CLUSTER").arg("SLOTS").repeatable();
        let reply: Reply = node.call(&command, Some(ASKED.min(self.settings.response_timeout))).await?;
        let decode = |source| Error::Decode { command: "CLUSTER SLOTS".to_owned(), source };
        Slots::read(reply, &self.asked(node)).map_err(decode)
    }

    /// Where a node is that says something of others.
    pub(super) fn asked(&self, node: &M) -> Asked {
        Asked { address: self.address_of(node), host: node.host() }
    }

    fn address_of(&self, node: &M) -> String {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|(_, known)| std::ptr::eq(Arc::as_ptr(known), node));
        found.map_or_else(|| self.seed.0.clone(), |(address, _)| address.clone())
    }

    /// Uses what a node said, and forgets the nodes of which it said nothing.
    fn take(&self, from: Arc<M>, slots: Slots) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|address, node| {
            let stays = slots.masters().contains(address) || Arc::ptr_eq(node, &from);
            if !stays {
                *gone = gone.wrapping_add(node.generation()).wrapping_add(1);
            }
            stays
        });
        *self.slots.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(slots);
        *self.home.write().unwrap_or_else(PoisonError::into_inner) = from;
    }

    /// Grows whenever a connection to one of the nodes is made anew, or a node is flushed or forgotten.
    pub(super) fn generation(&self) -> u64 {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let gone = *self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        let nodes = known.values().map(|node| node.generation());
        nodes.fold(gone.wrapping_add(self.seed.1.generation()), u64::wrapping_add)
    }

    /// Whether every master would say that it was flushed.
    pub(super) fn notices_flushes(&self) -> bool {
        let slots = self.slots();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        !slots.masters().is_empty()
            && slots.masters().iter().all(|address| {
                let node = if *address == self.seed.0 { Some(&self.seed.1) } else { known.get(address) };
                node.is_some_and(|node| node.notices_flushes())
            })
    }
}

/// Host and port of a URL; nothing of a path.
fn address_in(url: &str) -> &str {
    let Some(("redis" | "rediss" | "valkey" | "valkeys", rest)) = url.split_once("://") else { return "" };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    host.rsplit('@').next().unwrap_or_default()
}

/// The same URL for another host and port; a path becomes one without user and database, which settings may still name.
fn url_at(url: &str, address: &str) -> String {
    // `CLUSTER SLOTS` writes IPv6 addresses without brackets.
    let address = match address.rsplit_once(':') {
        Some((host, port)) if host.contains(':') && !host.starts_with('[') => format!("[{host}]:{port}"),
        _ => address.to_owned(),
    };
    let Some((scheme @ ("redis" | "rediss" | "valkey" | "valkeys"), rest)) = url.split_once("://") else {
        return format!("redis://{address}");
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let at = if user.is_empty() { "" } else { "@" };
    format!("{scheme}://{user}{at}{address}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_that_of_another_node() {
        for (url, address, other) in [
            ("redis://h:1", "i:2", "redis://i:2"),
            ("rediss://ann:s@x@h:1/0?protocol=resp2", "i:2", "rediss://ann:s@x@i:2/0?protocol=resp2"),
            ("redis://:s@h", "::1:7000", "redis://:s@[::1]:7000"),
            ("redis://h?protocol=resp2", "i:2", "redis://i:2?protocol=resp2"),
            ("redis+unix:///run/redis.sock", "i:2", "redis://i:2"),
        ] {
            assert_eq!(url_at(url, address), other);
        }
        assert_eq!(address_in("redis://ann:s@h:1/0"), "h:1");
        assert_eq!(address_in("redis+unix:///run/redis.sock"), "");
    }
}
