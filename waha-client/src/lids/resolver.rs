//! Asks a session for what the cache does not know: each id once at a time, whoever waits for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::{LidCache, Person, Remembered};
use crate::client::WahaClient;
use crate::error::Error;
use crate::events::Event;
use crate::ids::{ChatId, ChatKind, SessionName};

/// Pairs that are kept unless told. Ours: some 10 MB at most.
const PAIRS_MAX: usize = 100_000;
/// How long "not known" is believed unless told. Ours: a session learns pairs as people write.
const UNKNOWN_FOR: Duration = Duration::from_secs(600);

type Answer = Result<Option<ChatId>, Arc<Error>>;
type Flight = Arc<OnceCell<Answer>>;

/// Finds LIDs of phone numbers and phone numbers of LIDs: from memory, or else from the session. Share one among all who ask
/// about a session; callers who ask for the same id at once share one request and its answer, an error too.
///
/// Feed it with the session's events ([`LidResolver::learn_from`]), and most questions never reach the server.
///
/// ```no_run
/// # async fn run(waha: waha_client::WahaClient, session: waha_client::SessionName, lid: waha_client::ChatId)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use waha_client::lids::LidResolver;
///
/// let people = LidResolver::new(&waha, &session);
/// match people.phone_of(&lid).await? {
///     Some(phone) => println!("{phone} wrote"),
///     None => println!("the session does not know who that is"),
/// }
/// # Ok(())
/// # }
/// ```
pub struct LidResolver {
    client: WahaClient,
    session: SessionName,
    unknown_for: Duration,
    state: Mutex<State>,
}

struct State {
    cache: LidCache,
    flights: HashMap<Person, Flight>,
}

impl LidResolver {
    /// Asks this session, keeps 100,000 pairs, and believes "not known" for ten minutes.
    pub fn new(client: &WahaClient, session: &SessionName) -> Self {
        let state = State {
            cache: LidCache::new(PAIRS_MAX),
            flights: HashMap::new(),
        };
        Self {
            client: client.clone(),
            session: session.clone(),
            unknown_for: UNKNOWN_FOR,
            state: Mutex::new(state),
        }
    }

    /// With this memory, which may know something already.
    #[must_use]
    pub fn with_cache(self, cache: LidCache) -> Self {
        self.state().cache = cache;
        self
    }

    /// Believes "not known" for so long.
    #[must_use]
    pub fn unknown_for(mut self, time: Duration) -> Self {
        self.unknown_for = time;
        self
    }

    /// The LID of a phone number; `None` when the session does not know one, which does not mean that there is none.
    ///
    /// # Errors
    ///
    /// As [`Contacts::lid_of_phone`](crate::api::contacts::Contacts::lid_of_phone). An error is not remembered.
    pub async fn lid_of(&self, phone: &ChatId) -> Result<Option<ChatId>, Arc<Error>> {
        self.other_side(phone, ChatKind::Phone, "only a phone number has a LID")
            .await
    }

    /// The phone number behind a LID; `None` when the session does not know it.
    ///
    /// # Errors
    ///
    /// As [`Contacts::phone_of_lid`](crate::api::contacts::Contacts::phone_of_lid). An error is not remembered.
    pub async fn phone_of(&self, lid: &ChatId) -> Result<Option<ChatId>, Arc<Error>> {
        self.other_side(lid, ChatKind::Lid, "only a LID is asked about here")
            .await
    }

    /// The phone number behind a LID from memory alone, where nothing can wait for the server.
    pub fn remembered_phone_of(&self, lid: &ChatId) -> Remembered {
        self.state().cache.phone_of(lid, Instant::now())
    }

    /// Notes a pair that is known from elsewhere; see [`LidCache::learn`].
    pub fn learn(&self, one: &ChatId, other: &ChatId) -> bool {
        self.state().cache.learn(one, other)
    }

    /// Notes the pairs that an event carries; see [`LidCache::learn_from`].
    pub fn learn_from(&self, event: &Event) -> usize {
        self.state().cache.learn_from(event)
    }

    async fn other_side(&self, id: &ChatId, kind: ChatKind, otherwise: &str) -> Answer {
        if id.kind() != kind {
            return Err(Arc::new(Error::invalid(otherwise)));
        }
        let Some(person) = Person::of(id) else {
            return self.ask(id).await;
        };
        let cell = {
            let mut state = self.state();
            match state.cache.other_side(person, Instant::now()) {
                Remembered::As(other) => return Ok(Some(other)),
                Remembered::Unknown => return Ok(None),
                Remembered::Nothing => Arc::clone(state.flights.entry(person).or_default()),
            }
        };
        // Whoever waits for the cell asks in place of one that stopped waiting.
        let waiting = Waiting {
            resolver: self,
            person,
            cell,
        };
        waiting.cell.get_or_init(|| self.ask(id)).await.clone()
    }

    /// Asks the session, and remembers before anybody else hears.
    async fn ask(&self, id: &ChatId) -> Answer {
        let contacts = self.client.contacts();
        let (answer, wanted) = match id.kind() {
            ChatKind::Lid => (
                contacts.phone_of_lid(&self.session, id).await,
                ChatKind::Phone,
            ),
            _ => (
                contacts.lid_of_phone(&self.session, id).await,
                ChatKind::Lid,
            ),
        };
        let other = answer
            .map_err(Arc::new)?
            .filter(|other| other.kind() == wanted);
        let mut state = self.state();
        match &other {
            Some(other) => {
                state.cache.learn(id, other);
            }
            None => {
                // What was learnt while the session was asked is not forgotten for its answer.
                let now = Instant::now();
                let learnt = Person::of(id).map(|it| state.cache.other_side(it, now));
                if let Some(Remembered::As(other)) = learnt {
                    return Ok(Some(other));
                }
                if let Some(until) = now.checked_add(self.unknown_for) {
                    state.cache.learn_unknown(id, until);
                }
            }
        }
        Ok(other)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows no numbers.
impl fmt::Debug for LidResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LidResolver")
            .field("session", &self.session)
            .field("cache", &self.state().cache)
            .finish_non_exhaustive()
    }
}

/// One who waits for an answer. The last to leave takes the question out of the table.
struct Waiting<'a> {
    resolver: &'a LidResolver,
    person: Person,
    cell: Flight,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.resolver.state();
        // An answered question is not for those who come later: they find it in the cache, or ask anew after an error.
        let is_mine = state
            .flights
            .get(&self.person)
            .is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
        let is_over = self.cell.initialized() || Arc::strong_count(&self.cell) == 2;
        if is_mine && is_over {
            state.flights.remove(&self.person);
        }
    }
}
