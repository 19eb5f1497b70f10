//! Work that many want at once, done by one of them, in this process.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// What a flight brought, of which the table does not know the type.
type Shared = Option<Arc<dyn Any + Send + Sync>>;

/// What it is about, and what it brings.
type Name = (Vec<u8>, TypeId);

/// What is under way.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    under_way: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    flights: HashMap<Name, Under>,
}

#[derive(Debug)]
struct Under {
    number: u64,
    /// It is nearly done: who comes now cannot know what happened before.
    closed: bool,
    outcome: watch::Receiver<Shared>,
}

/// What somebody who wants it has to do.
pub(crate) enum Seat<T> {
    /// To do it.
    Lead(Lead<T>),
    /// To wait for what is done already.
    Join(Flight<T>),
    /// To wait, and look again.
    Late(Flight<T>),
}

/// Who does it.
pub(crate) struct Lead<T> {
    /// `None`: nobody knows of it.
    name: Option<(Arc<Flights>, Name, u64)>,
    outcome: watch::Sender<Shared>,
    brings: PhantomData<fn() -> T>,
}

/// Who waits.
pub(crate) struct Flight<T> {
    outcome: watch::Receiver<Shared>,
    brings: PhantomData<fn() -> T>,
}

impl Flights {
    /// A place in the flight about this, which is begun if there is none.
    pub(crate) fn enter<T: 'static>(self: &Arc<Self>, about: &[u8]) -> Seat<T> {
        let name = (about.to_vec(), TypeId::of::<T>());
        let mut table = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under) = table.flights.get(&name) {
            let flight = Flight { outcome: under.outcome.clone(), brings: PhantomData };
            return if under.closed { Seat::Late(flight) } else { Seat::Join(flight) };
        }
        table.next += 1;
        let number = table.next;
        let (sender, outcome) = watch::channel(None);
        table.flights.insert(name.clone(), Under { number, closed: false, outcome });
        Seat::Lead(Lead {
            name: Some((Arc::clone(self), name, number)),
            outcome: sender,
            brings: PhantomData,
        })
    }

    /// Nobody joins what is under way about this any more.
    pub(crate) fn forget(&self, about: &[u8]) {
        let mut table = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        table.flights.retain(|(name, _), _| name != about);
    }

    fn with(&self, name: &Name, number: u64, change: impl FnOnce(&mut Table)) {
        let mut table = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if table.flights.get(name).is_some_and(|under| under.number == number) {
            change(&mut table);
        }
    }
}

impl<T: Send + Sync + 'static> Lead<T> {
    /// A flight that nobody joins.
    pub(crate) fn alone() -> Self {
        Self { name: None, outcome: watch::Sender::new(None), brings: PhantomData }
    }

    /// The place of somebody who waits for it.
    pub(crate) fn flight(&self) -> Flight<T> {
        Flight { outcome: self.outcome.subscribe(), brings: PhantomData }
    }

    /// Who comes now is too late.
    pub(crate) fn close(&self) {
        if let Some((flights, name, number)) = &self.name {
            flights.with(name, *number, |table| {
                if let Some(under) = table.flights.get_mut(name) {
                    under.closed = true;
                }
            });
        }
    }

    /// Tells everybody who is in it. Whoever has heard it and comes again is in another one.
    pub(crate) fn land(mut self, outcome: T) {
        self.leave();
        self.outcome.send_replace(Some(Arc::new(outcome)));
    }
}

impl<T> Lead<T> {
    /// Nobody comes in any more.
    fn leave(&mut self) {
        if let Some((flights, name, number)) = self.name.take() {
            flights.with(&name, number, |table| {
                table.flights.remove(&name);
            });
        }
    }
}

impl<T> Drop for Lead<T> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<T: Send + Sync + 'static> Flight<T> {
    /// Waits, as long as it takes. `None`: whoever did it is gone.
    pub(crate) async fn wait(mut self) -> Option<Arc<T>> {
        let outcome = self.outcome.wait_for(Option::is_some).await.ok()?.clone();
        outcome?.downcast().ok()
    }
}

impl<T> fmt::Debug for Lead<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").field("known", &self.name.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn lead(flights: &Arc<Flights>, about: &[u8]) -> Lead<u8> {
        match flights.enter(about) {
            Seat::Lead(lead) => lead,
            Seat::Join(_) | Seat::Late(_) => panic!("it is under way"),
        }
    }

    #[tokio::test]
    async fn one_does_it_and_the_others_wait() {
        let flights = Arc::<Flights>::default();
        let leads = lead(&flights, b"a");
        let Seat::Join(joined) = flights.enter::<u8>(b"a") else { panic!() };
        drop(lead(&flights, b"b"));
        let Seat::Lead(_) = flights.enter::<u16>(b"a") else { panic!("another type is another flight") };
        leads.close();
        let Seat::Late(late) = flights.enter::<u8>(b"a") else { panic!() };
        leads.land(7);
        assert_eq!((joined.wait().await.as_deref(), late.wait().await.as_deref()), (Some(&7), Some(&7)));
        drop(lead(&flights, b"a"));
    }

    /// Whoever hears the outcome looks at the table at once: that is what wakes it.
    #[test]
    fn who_has_heard_it_and_comes_again_is_in_another_one() {
        struct Comes(Arc<Flights>, AtomicBool);

        impl std::task::Wake for Comes {
            fn wake(self: Arc<Self>) {
                let leads = matches!(self.0.enter::<u8>(b"a"), Seat::Lead(_));
                self.1.store(leads, Ordering::SeqCst);
            }
        }

        let flights = Arc::<Flights>::default();
        let leads = lead(&flights, b"a");
        let Seat::Join(joined) = flights.enter::<u8>(b"a") else { panic!() };
        let comes = Arc::new(Comes(Arc::clone(&flights), AtomicBool::new(false)));
        let waker = std::task::Waker::from(Arc::clone(&comes));
        let mut waits = std::pin::pin!(joined.wait());
        assert!(waits.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
        leads.land(7);
        assert!(comes.1.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn what_is_forgotten_is_not_joined_and_does_not_end_its_successor() {
        let flights = Arc::<Flights>::default();
        let first = lead(&flights, b"a");
        flights.forget(b"a");
        let second = lead(&flights, b"a");
        drop(first);
        let Seat::Join(joined) = flights.enter::<u8>(b"a") else { panic!() };
        drop(second);
        assert_eq!(joined.wait().await, None);
    }
}
