//! A change of the documents as it is wanted, how it went, and why not.

use config::{Change, DocumentKey, Problem, Source, World};
use model::Generation;
use store::StoreError;

/// What stands at one generation.
#[derive(Debug)]
pub(crate) struct Current {
    /// Its number.
    pub(crate) generation: Generation,
    /// The documents, checked.
    pub(crate) world: World,
}

/// A change somebody wants.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// New and changed documents.
    pub(crate) sources: Vec<Source>,
    /// The set they belong to; `None` leaves each where it is.
    pub(crate) set: Option<String>,
    /// Whether documents of the set that are not among the sources go.
    pub(crate) prune: bool,
    /// Documents to remove.
    pub(crate) remove: Vec<DocumentKey>,
    /// Only look what would change.
    pub(crate) dry_run: bool,
    /// The generation this was made from, when that matters.
    pub(crate) parent: Option<Generation>,
}

/// How a change went.
#[derive(Debug)]
pub(crate) struct Applied {
    /// What stands now.
    pub(crate) generation: Generation,
    /// What changed, or would.
    pub(crate) changes: Vec<Change>,
    /// What is allowed and probably not meant.
    pub(crate) warnings: Vec<Problem>,
}

/// Why nothing changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// The documents are wrong, or don't fit together.
    #[error("{}", counted(.0))]
    Problems(Vec<Problem>),
    /// The change was made from another generation.
    #[error("the change was made from generation {wanted}, and {found} stands")]
    Parent {
        /// What it was made from.
        wanted: Generation,
        /// What stands.
        found: Generation,
    },
    /// There is no such document.
    #[error("there is no {0}")]
    NoSuchDocument(DocumentKey),
    /// The journal would not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn counted(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|p| p.severity == config::Severity::Error).count();
    match errors {
        1 => "the documents have a problem; nothing was changed".to_owned(),
        errors => format!("the documents have {errors} problems; nothing was changed"),
    }
}
