//! One multiplexed connection that is made anew when it breaks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Instant;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, PushInfo, RedisError, RedisResult};

use super::convert;
use crate::connection::push::PushSender;
use crate::connection::{Protocol, Push, PushStream};

/// A connection in use. Its number tells a broken one from the one that replaced it.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    number: u64,
}

pub(super) struct Link {
    client: Client,
    config: AsyncConnectionConfig,
    protocol: Protocol,
    current: RwLock<Option<Live>>,
    /// Held by the one caller that connects; what it leaves is for those who waited meanwhile.
    connecting: tokio::sync::Mutex<Option<(Instant, RedisError)>>,
    next: AtomicU64,
    listeners: Mutex<Vec<PushSender>>,
    this: Weak<Link>,
}

impl Link {
    pub(super) fn new(client: Client, config: AsyncConnectionConfig, protocol: Protocol) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            client,
            config,
            protocol,
            current: RwLock::new(None),
            connecting: tokio::sync::Mutex::new(None),
            next: AtomicU64::new(0),
            listeners: Mutex::new(Vec::new()),
            this: this.clone(),
        })
    }

    /// The connection, made first if there is none. Callers that find none wait for one attempt together.
    pub(super) async fn live(&self) -> RedisResult<Live> {
        if let Some(live) = self.current() {
            return Ok(live);
        }
        let asked = Instant::now();
        let mut last_failure = self.connecting.lock().await;
        if let Some(live) = self.current() {
            return Ok(live);
        }
        if let Some((at, error)) = &*last_failure
            && *at > asked
        {
            return Err(error.clone());
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        match self.client.get_multiplexed_async_connection_with_config(&self.config(number)).await {
            Ok(connection) => {
                let live = Live { connection, number };
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
                *last_failure = None;
                Ok(live)
            }
            Err(error) => {
                *last_failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Gives a broken connection up, unless it was replaced already.
    pub(super) fn broke(&self, live: &Live) {
        self.forget(live.number);
    }

    pub(super) fn listen(&self) -> Option<PushStream> {
        if self.protocol != Protocol::Resp3 {
            return None;
        }
        let (sender, stream) = PushStream::channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        Some(stream)
    }

    fn current(&self) -> Option<Live> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self, number: u64) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|live| live.number == number) {
            *current = None;
        }
    }

    fn config(&self, number: u64) -> AsyncConnectionConfig {
        let config = self.config.clone();
        if self.protocol != Protocol::Resp3 {
            return config;
        }
        let link = self.this.clone();
        // Called in the connection's read loop, so that pushes keep the order of the wire.
        config.set_push_sender(move |info: PushInfo| {
            if let Some(link) = link.upgrade() {
                link.pushed(number, info);
            }
            Ok::<_, std::convert::Infallible>(())
        })
    }

    fn pushed(&self, number: u64, info: PushInfo) {
        let push = convert::push(info);
        if push == Push::Disconnected {
            self.forget(number);
        }
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|listener| listener.send(push.clone()));
    }
}
