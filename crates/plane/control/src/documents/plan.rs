//! What a wanted change comes to: the world afterwards and the documents that
//! differ. Pure; nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use config::{Change, Document, DocumentKey, Kind, Problem, Severity, Source, World};
use model::{Generation, Label, TrustDomain};

use super::wanted::{ApplyError, Wanted};

/// What stands, with what is known of it besides.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) generation: Generation,
    pub(crate) world: World,
    /// The set each document came with.
    pub(crate) sets: BTreeMap<DocumentKey, String>,
}

/// A change that may be made.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) world: World,
    pub(crate) changes: Vec<Change>,
    pub(crate) sets: BTreeMap<DocumentKey, String>,
}

pub(crate) fn plan(
    standing: &Standing,
    wanted: Wanted,
    trust_domain: &TrustDomain,
) -> Result<Plan, ApplyError> {
    if let Some(missing) = wanted.remove.iter().find(|key| standing.world.get(key).is_none()) {
        return Err(ApplyError::NoSuchDocument(missing.clone()));
    }
    let parsed = config::read(&wanted.sources);
    let given: BTreeSet<DocumentKey> = parsed.documents.iter().map(|d| d.key.clone()).collect();
    let mut kept = what_stays(standing, &wanted, &given);
    let has_mesh = |mut keys: std::collections::btree_set::Iter<'_, DocumentKey>| {
        keys.any(|key| key.kind == Kind::Mesh)
    };
    let stands = kept.iter().any(|document| document.key.kind == Kind::Mesh);
    if !stands && !has_mesh(given.iter()) {
        kept.extend(default_mesh(trust_domain));
    }
    let world = parsed.over(kept).map_err(ApplyError::Problems)?;
    check_trust_domain(&world, trust_domain)?;
    let sets = sets_after(standing, &wanted, &given, &world);
    let changes = config::diff(&standing.world, &world);
    Ok(Plan { world, changes, sets })
}

/// The standing documents that are neither replaced nor removed. There is one
/// mesh: a new document of it takes the place of the old one, whatever it is
/// called.
fn what_stays(
    standing: &Standing,
    wanted: &Wanted,
    given: &BTreeSet<DocumentKey>,
) -> Vec<Document> {
    let new_mesh = given.iter().any(|key| key.kind == Kind::Mesh);
    let goes = |key: &DocumentKey| {
        let of_set = wanted.set.is_some() && standing.sets.get(key) == wanted.set.as_ref();
        wanted.remove.contains(key)
            || (wanted.prune && of_set && !given.contains(key))
            || (new_mesh && key.kind == Kind::Mesh)
    };
    standing.world.documents().filter(|document| !goes(&document.key)).cloned().collect()
}

/// The mesh as it is when nobody says anything of it, in the trust domain the
/// authority has.
fn default_mesh(trust_domain: &TrustDomain) -> Vec<Document> {
    let name = trust_domain.as_str().parse::<Label>();
    let name = name.map_or_else(|_| "mesh".to_owned(), |label| label.to_string());
    let text = format!(
        "apiVersion: postern.dev/v1\nkind: Mesh\nmetadata: {{name: {name}}}\n\
         spec: {{trustDomain: {trust_domain}}}\n"
    );
    config::read(&[Source { name: "the default mesh".to_owned(), text }]).documents
}

/// The authority signs for one trust domain; documents for another would
/// give identities that nobody can get.
fn check_trust_domain(world: &World, own: &TrustDomain) -> Result<(), ApplyError> {
    let wanted = &world.mesh().trust_domain;
    if wanted == own {
        return Ok(());
    }
    let mesh = world.documents().find(|document| document.key.kind == Kind::Mesh);
    let (file, place) = mesh.map_or_else(Default::default, |document| {
        (document.origin.file.to_string(), document.origin.place)
    });
    Err(ApplyError::Problems(vec![Problem {
        file,
        line: place.line,
        column: place.column,
        message: format!("the trust domain is `{wanted}`, and this mesh's authority has `{own}`"),
        hint: Some("another trust domain needs a state directory of its own".to_owned()),
        severity: Severity::Error,
    }]))
}

fn sets_after(
    standing: &Standing,
    wanted: &Wanted,
    given: &BTreeSet<DocumentKey>,
    world: &World,
) -> BTreeMap<DocumentKey, String> {
    let mut sets = standing.sets.clone();
    sets.retain(|key, _| world.get(key).is_some());
    if let Some(set) = &wanted.set {
        sets.extend(given.iter().map(|key| (key.clone(), set.clone())));
    }
    sets
}
