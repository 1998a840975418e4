//! Budgets that many have each of: users, sessions.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::chain::{Budget, Chain};
use super::limits::Limits;

/// The budgets that calls lie within before any function has one: that of the process, and of the user and the session by
/// their ids.
///
/// ```
/// use tta::budget::{Budgets, Limits};
///
/// # fn main() -> Result<(), tta::ParseMoneyError> {
/// let budgets = Budgets::new()
///     .process(Limits::new().money("$100".parse()?).per_day())
///     .per_user(Limits::new().money("$1".parse()?).per_day())
///     .per_session(Limits::new().calls(200));
/// let outermost = budgets.chain(Some("user-17"), None).unwrap();
/// assert_eq!(outermost.budgets().count(), 2);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Budgets {
    kept: usize,
    process: Option<(Arc<Budget>, Limits)>,
    users: Option<Scopes>,
    sessions: Option<Scopes>,
}

impl Budgets {
    /// Users, and sessions, whose budgets are kept where nothing else is said.
    pub const KEPT: usize = 10_000;

    /// What the budget of the process is called.
    pub(super) const PROCESS: &str = "process";

    /// None.
    pub const fn new() -> Self {
        Budgets { kept: Budgets::KEPT, process: None, users: None, sessions: None }
    }

    /// A budget of all calls of this process, named `process`.
    pub fn process(self, limits: Limits) -> Self {
        Budgets { process: Some((Arc::new(Budget::new(Budgets::PROCESS, limits)), limits)), ..self }
    }

    /// A budget of each user, named `user`: one by one, when they first are heard of.
    pub fn per_user(self, limits: Limits) -> Self {
        Budgets { users: Some(Scopes::new("user", limits)), ..self }
    }

    /// A budget of each session, named `session`, within its user's if there is one.
    pub fn per_session(self, limits: Limits) -> Self {
        Budgets { sessions: Some(Scopes::new("session", limits)), ..self }
    }

    /// How many users' and how many sessions' budgets are kept, [`Budgets::KEPT`] of each if nothing is said. Of more than
    /// that, the one whose last use is longest ago is forgotten with what it has spent, and is
    /// [counted](Budgets::forgotten); should it come again, it has the whole budget again. One that is in a chain or has a
    /// call in flight is not forgotten, so that there may for a time be more.
    pub fn keep(self, kept: usize) -> Self {
        Budgets { kept, ..self }
    }

    /// The budgets that calls of this user and this session lie within. `None` if there is none.
    #[must_use]
    pub fn chain(&self, user: Option<&str>, session: Option<&str>) -> Option<Chain> {
        let of = |scopes: Option<&Scopes>, id: Option<&str>| Some(scopes?.budget(id?, self.kept));
        let budgets =
            [self.of_process().cloned(), of(self.users.as_ref(), user), of(self.sessions.as_ref(), session)];
        budgets.into_iter().flatten().fold(None, |outer: Option<Chain>, budget| {
            Some(match outer {
                Some(outer) => outer.with(budget),
                None => Chain::new(budget),
            })
        })
    }

    /// The budget of the process, to be read.
    #[must_use]
    pub fn of_process(&self) -> Option<&Arc<Budget>> {
        self.process.as_ref().map(|(budget, _)| budget)
    }

    /// The budgets that there are, by name.
    #[cfg(feature = "telemetry")]
    pub(super) fn declared(&self) -> impl Iterator<Item = (&'static str, Limits)> {
        let process = self.process.iter().map(|(budget, limits)| (budget.name(), *limits));
        let scopes = [&self.users, &self.sessions].into_iter().flatten();
        process.chain(scopes.map(|scopes| (scopes.name, scopes.limits)))
    }

    /// How many budgets of users and of sessions have been forgotten of which something was spent.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        [&self.users, &self.sessions].into_iter().flatten().map(|scopes| scopes.forgotten.load(Relaxed)).sum()
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Budgets::new()
    }
}

/// The budgets of one kind, by the id of whose they are.
#[derive(Debug)]
struct Scopes {
    name: &'static str,
    limits: Limits,
    ids: [RandomState; 2],
    recent: Mutex<Recent>,
    forgotten: AtomicU64,
}

/// 128 bits of hash, by keys that nobody knows: ids can be names and addresses of people, and as long as somebody likes.
type Id = (u64, u64);

/// In the order of their last use.
#[derive(Debug, Default)]
struct Recent {
    by_id: HashMap<Id, Scope>,
    by_use: BTreeMap<u64, Id>,
    uses: u64,
}

#[derive(Debug)]
struct Scope {
    budget: Arc<Budget>,
    used: u64,
}

impl Scopes {
    /// How many that cannot be forgotten are passed over in search of one that can, so that a call does not wait for the search.
    const TRIES: usize = 16;

    fn new(name: &'static str, limits: Limits) -> Self {
        let ids = [RandomState::new(), RandomState::new()];
        Scopes { name, limits, ids, recent: Mutex::default(), forgotten: AtomicU64::new(0) }
    }

    fn budget(&self, id: &str, kept: usize) -> Arc<Budget> {
        let id = (self.ids[0].hash_one(id), self.ids[1].hash_one(id));
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = recent.touch(id) {
            return budget;
        }
        let budget = Arc::new(Budget::new(self.name, self.limits));
        #[cfg(feature = "telemetry")]
        super::watch(&budget);
        recent.add(id, &budget);
        // The one just made is in use: it is in our hands.
        for _ in 0..Self::TRIES {
            if recent.by_id.len() <= kept {
                break;
            }
            if recent.forget_oldest().is_some_and(|forgotten| forgotten.is_spent_of()) {
                self.forgotten.fetch_add(1, Relaxed);
            }
        }
        budget
    }
}

impl Recent {
    /// The budget of this id, which is used now.
    fn touch(&mut self, id: Id) -> Option<Arc<Budget>> {
        let scope = self.by_id.get_mut(&id)?;
        self.by_use.remove(&scope.used);
        scope.used = self.uses;
        self.by_use.insert(self.uses, id);
        self.uses += 1;
        Some(scope.budget.clone())
    }

    fn add(&mut self, id: Id, budget: &Arc<Budget>) {
        self.by_id.insert(id, Scope { budget: budget.clone(), used: self.uses });
        self.by_use.insert(self.uses, id);
        self.uses += 1;
    }

    /// Takes out the one whose last use is the longest ago, unless it is in use: then it is now the last to be so.
    fn forget_oldest(&mut self) -> Option<Arc<Budget>> {
        let (_, id) = self.by_use.pop_first()?;
        let scope = self.by_id.get_mut(&id)?;
        // Clones are made only under the lock that is held here, so that nobody takes it up now.
        if Arc::strong_count(&scope.budget) > 1 {
            scope.used = self.uses;
            self.by_use.insert(self.uses, id);
            self.uses += 1;
            return None;
        }
        self.by_id.remove(&id).map(|scope| scope.budget)
    }
}
