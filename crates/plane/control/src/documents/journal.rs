//! The documents in the store: each under its key, the generation beside
//! them, all of one change in one commit that holds only on its parent.

use std::collections::BTreeMap;

use config::{ChangeKind, DocumentKey, Problem, Source};
use model::Generation;
use store::{Compare, Op, Store, StoreError, Txn};

use super::plan::{Plan, Standing};
use super::wanted::ApplyError;

const DOCUMENTS: &str = "/documents/";
const SETS: &str = "/sets/";
const GENERATION: &str = "/generation";

/// Why the stored documents can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// They don't pass the checks, for example those of a newer version.
    #[error("the stored documents have problems: {}", joined(.0))]
    Problems(Vec<Problem>),
    /// Something among them is no document of ours.
    #[error("`{0}` in the store is not understood")]
    Foreign(String),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn joined(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<ApplyError> for LoadError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Problems(problems) => Self::Problems(problems),
            ApplyError::Store(error) => Self::Store(error),
            other => Self::Foreign(other.to_string()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Journal {
    store: Store,
}

impl Journal {
    pub(crate) const fn on(store: Store) -> Self {
        Self { store }
    }

    /// Everything as it was last written.
    pub(crate) async fn load(&self) -> Result<Standing, LoadError> {
        let generation = match self.store.get(GENERATION).await? {
            Some(entry) => read_generation(&entry.value)?,
            None => Generation::default(),
        };
        let mut sources = Vec::new();
        for entry in self.store.range(DOCUMENTS).await?.entries {
            let name = entry.key.trim_start_matches(DOCUMENTS).to_owned();
            sources.push(Source { name, text: text(&entry.key, entry.value)? });
        }
        let world = config::read(&sources).over(Vec::new()).map_err(LoadError::Problems)?;
        Ok(Standing { generation, world, sets: self.load_sets().await? })
    }

    async fn load_sets(&self) -> Result<BTreeMap<DocumentKey, String>, LoadError> {
        let mut sets = BTreeMap::new();
        for entry in self.store.range(SETS).await?.entries {
            let key = entry.key.trim_start_matches(SETS).parse();
            let key = key.map_err(|_| LoadError::Foreign(entry.key.clone()))?;
            sets.insert(key, text(&entry.key, entry.value)?);
        }
        Ok(sets)
    }

    /// Writes a plan made on `standing` and returns what stands then. What
    /// changes no document moves no generation.
    pub(crate) async fn write(
        &self,
        standing: &Standing,
        plan: Plan,
    ) -> Result<Standing, ApplyError> {
        let mut ops = document_ops(&plan);
        let generation = match ops.is_empty() {
            true => standing.generation,
            false => next(standing.generation),
        };
        if generation != standing.generation {
            ops.push(Op::put(GENERATION, generation.to_string()));
        }
        ops.extend(set_ops(standing, &plan));
        if !ops.is_empty() {
            self.commit(standing.generation, ops).await?;
        }
        Ok(Standing { generation, world: plan.world, sets: plan.sets })
    }

    async fn commit(&self, parent: Generation, success: Vec<Op>) -> Result<(), ApplyError> {
        let compare = match parent == Generation::default() {
            true => Compare::Absent(GENERATION.to_owned()),
            false => Compare::Value(GENERATION.to_owned(), parent.to_string().into_bytes()),
        };
        let txn = Txn { compares: vec![compare], success, failure: Vec::new() };
        if self.store.txn(txn).await?.succeeded {
            return Ok(());
        }
        let found = self.store.get(GENERATION).await?;
        let found = found.and_then(|entry| read_generation(&entry.value).ok()).unwrap_or_default();
        Err(ApplyError::Parent { wanted: parent, found })
    }
}

/// The first generation is 1.1; 0.0 is "nothing yet".
fn next(generation: Generation) -> Generation {
    Generation { epoch: generation.epoch.max(1), ..generation }.next()
}

fn document_ops(plan: &Plan) -> Vec<Op> {
    let op = |change: &config::Change| {
        let at = format!("{DOCUMENTS}{}", change.key);
        match (&change.what, plan.world.get(&change.key)) {
            (ChangeKind::Added | ChangeKind::Changed { .. }, Some(document)) => {
                Op::put(at, document.to_json())
            }
            _ => Op::Delete(at),
        }
    };
    plan.changes.iter().map(op).collect()
}

fn set_ops(standing: &Standing, plan: &Plan) -> Vec<Op> {
    let at = |key: &DocumentKey| format!("{SETS}{key}");
    let gone = standing.sets.keys().filter(|key| !plan.sets.contains_key(*key));
    let new = plan.sets.iter().filter(|(key, set)| standing.sets.get(*key) != Some(*set));
    gone.map(|key| Op::Delete(at(key)))
        .chain(new.map(|(key, set)| Op::put(at(key), set.as_bytes())))
        .collect()
}

fn text(key: &str, value: Vec<u8>) -> Result<String, LoadError> {
    String::from_utf8(value).map_err(|_| LoadError::Foreign(key.to_owned()))
}

fn read_generation(value: &[u8]) -> Result<Generation, LoadError> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    text.parse().map_err(|()| LoadError::Foreign(GENERATION.to_owned()))
}
