//! Whether documents fit together: every reference leads somewhere, nothing is
//! said twice, and what is written can happen. One module for each kind; all
//! problems are collected.

mod gateways;
mod identities;
mod names;
mod overlaps;
mod policies;
mod routes;
mod services;

use std::collections::BTreeSet;

use crate::document::{Document, DocumentKey, Spec};
use crate::parse::{Lost, Parsed};
use crate::problem::{Log, Problem, Severity, by_place};
use crate::world::World;
use names::Names;

/// Checks documents together.
///
/// # Errors
/// All problems, warnings included, when at least one is an error.
pub fn check(documents: Vec<Document>) -> Result<World, Vec<Problem>> {
    judge(documents, Vec::new(), &Lost::default())
}

impl Parsed {
    /// Checks what was read, laid over the documents that stand already: one
    /// of the same key takes the old one's place.
    ///
    /// # Errors
    /// All problems of reading and of checking together, when at least one is
    /// an error.
    pub fn over(self, standing: Vec<Document>) -> Result<World, Vec<Problem>> {
        let Self { mut documents, problems, mut flawed, lost } = self;
        documents.append(&mut flawed);
        let new: BTreeSet<DocumentKey> =
            documents.iter().map(|document| &document.key).chain(lost.keys()).cloned().collect();
        documents.extend(standing.into_iter().filter(|document| !new.contains(&document.key)));
        judge(documents, problems, &lost)
    }
}

fn judge(
    documents: Vec<Document>,
    mut problems: Vec<Problem>,
    lost: &Lost,
) -> Result<World, Vec<Problem>> {
    let names = Names::of(&documents, lost);
    for document in &documents {
        let mut log = Log::new(document.origin.file.clone());
        check_document(document, &names, &mut log);
        problems.append(&mut log.into_problems());
    }
    let mesh = names.mesh();
    let problems = in_order(problems);
    let is_refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    match mesh {
        Some(mesh) if !is_refused => Ok(World::new(documents, mesh, problems)),
        _ => Err(problems),
    }
}

fn check_document(document: &Document, names: &Names<'_>, log: &mut Log) {
    names.check_unique(document, log);
    match &document.spec {
        Spec::Mesh(spec) => names.check_mesh(document, spec, log),
        Spec::MeshService(spec) => services::check(document, spec, names, log),
        Spec::WorkloadIdentity(spec) => identities::check(document, spec, names, log),
        Spec::Policy(spec) => policies::check(document, spec, names, log),
        Spec::Gateway(spec) => gateways::check(document, spec, names, log),
        Spec::HttpRoute(spec) | Spec::GrpcRoute(spec) => routes::check(document, spec, names, log),
    }
}

/// By place within each file, files in the order in which they first have a
/// problem.
fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    let mut files: Vec<String> = Vec::new();
    for problem in &problems {
        if !files.contains(&problem.file) {
            files.push(problem.file.clone());
        }
    }
    let position = |problem: &Problem| files.iter().position(|file| *file == problem.file);
    problems.sort_by(|a, b| position(a).cmp(&position(b)).then_with(|| by_place(a, b)));
    problems
}
