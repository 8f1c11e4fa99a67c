//! One answer in the making, and those who wait for it.

use std::sync::Arc;

use tokio::sync::watch;

use super::answer::Answer;
use super::key::{Asked, Key};
use super::{Cache, lock};
use crate::delivery::ReadError;

type Landed = Result<Arc<Answer>, ReadError>;

/// What is known of an answer in the making.
#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    Flying,
    /// It came; `stale`: a change since it began touches it.
    Landed { result: Landed, stale: bool },
    /// Whoever made it went away.
    GivenUp,
}

/// An answer in the making.
#[derive(Debug)]
pub(super) struct Flight {
    /// The moment of the cache it began at.
    began: u64,
    state: watch::Sender<State>,
}

/// A place in a flight.
pub(super) enum Seat<'c> {
    /// Makes the answer.
    Pilot(Pilot<'c>),
    /// Waits for it; with the moment of boarding.
    Passenger(Arc<Flight>, u64),
}

/// Whoever makes an answer; if that is given up, others try.
pub(super) struct Pilot<'c> {
    cache: &'c Cache,
    key: Key,
    flight: Arc<Flight>,
}

impl Cache {
    /// Joins the flight to this answer, or begins it.
    pub(super) fn board(&self, asked: Asked<'_>) -> Seat<'_> {
        let now = lock(&self.index).generation();
        let key = asked.keep();
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(&key) {
            return Seat::Passenger(Arc::clone(flight), now);
        }
        let flight = Arc::new(Flight {
            began: now,
            state: watch::Sender::new(State::Flying),
        });
        flights.insert(key.clone(), Arc::clone(&flight));
        Seat::Pilot(Pilot {
            cache: self,
            key,
            flight,
        })
    }
}

impl Flight {
    /// The answer, if it may be given to one who boarded then: it is not older than a change he may know of.
    pub(super) async fn wait(&self, boarded: u64) -> Option<Landed> {
        let mut state = self.state.subscribe();
        let landed = state
            .wait_for(|state| !matches!(state, State::Flying))
            .await
            .ok()?;
        match &*landed {
            State::Landed { result, stale } if !stale || boarded == self.began => {
                Some(result.clone())
            }
            _ => None,
        }
    }
}

impl Pilot<'_> {
    pub(super) fn began(&self) -> u64 {
        self.flight.began
    }

    /// Gives the answer to all who wait.
    pub(super) fn land(&self, result: Landed, stale: bool) {
        self.leave();
        self.flight
            .state
            .send_replace(State::Landed { result, stale });
    }

    fn leave(&self) {
        let mut flights = lock(&self.cache.flights);
        if flights
            .get(&self.key)
            .is_some_and(|flight| Arc::ptr_eq(flight, &self.flight))
        {
            flights.remove(&self.key);
        }
    }
}

impl Drop for Pilot<'_> {
    /// A pilot who went away without landing sends everybody to try again.
    fn drop(&mut self) {
        self.leave();
        let state = &self.flight.state;
        let flying = matches!(*state.borrow(), State::Flying);
        if flying {
            state.send_replace(State::GivenUp);
        }
    }
}
