//! Sources into documents: the envelope every kind shares (`apiVersion`,
//! `kind`, `metadata`, `spec`), and what is remembered of documents too broken
//! to read, so that nobody is told that a service is missing which merely has
//! a typo.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::Label;

use crate::document::{self, Document, DocumentKey, Kind, Origin, Spec, annotation};
use crate::hint;
use crate::problem::{At, Log, Place, Problem, Source, by_place};
use crate::read::{self, Fields};
use crate::tree::{self, Content, Node};

/// What a set of sources says.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Documents without a problem of their own.
    pub documents: Vec<Document>,
    /// Everything that is wrong, in the order of the sources and then by place.
    pub problems: Vec<Problem>,
    /// Documents that could be read but have problems: looked at for further
    /// problems, never used.
    pub(crate) flawed: Vec<Document>,
    pub(crate) lost: Lost,
}

/// What could not be read at all.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    keys: BTreeSet<DocumentKey>,
    texts: Vec<String>,
}

impl Lost {
    /// Whether a document of this name (or namespace) may be among what could
    /// not be read.
    pub(crate) fn may_hold(&self, name: &Label) -> bool {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let names_it = |text: &String| text.split(|c| !is_word(c)).any(|w| w == name.as_str());
        let is_of = |key: &DocumentKey| key.name == *name || key.namespace == *name;
        self.keys.iter().any(is_of) || self.texts.iter().any(names_it)
    }

    /// Whether a mesh document may be among it.
    pub(crate) fn may_hold_mesh(&self) -> bool {
        !self.texts.is_empty() || self.keys.iter().any(|key| key.kind == Kind::Mesh)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &DocumentKey> {
        self.keys.iter()
    }
}

/// Reads YAML (one or several documents) and JSON. Returns the documents that
/// have no problem of their own, and every problem of the others.
#[must_use]
pub fn parse(sources: &[Source]) -> (Vec<Document>, Vec<Problem>) {
    let Parsed { documents, problems, .. } = read(sources);
    (documents, problems)
}

/// Like [`parse`], keeping what [`Parsed::over`] needs to check the documents
/// even when some of them are wrong.
#[must_use]
pub fn read(sources: &[Source]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut known = BTreeMap::new();
    for source in sources {
        parsed.take(source, &mut known);
    }
    parsed
}

type Known = BTreeMap<DocumentKey, Origin>;

impl Parsed {
    fn take(&mut self, source: &Source, known: &mut Known) {
        let mut log = Log::new(Arc::from(source.name.as_str()));
        let (trees, is_torn) = tree::trees(&source.text, &mut log);
        if is_torn {
            self.lost.texts.push(source.text.clone());
        }
        for tree in trees.iter().filter(|tree| !tree.is_null()) {
            self.take_tree(tree, &source.text, known, &mut log);
        }
        let mut problems = log.into_problems();
        problems.sort_by(by_place);
        self.problems.append(&mut problems);
    }

    fn take_tree(&mut self, tree: &Node, text: &str, known: &mut Known, log: &mut Log) {
        let before = log.count();
        match read_document(tree, log) {
            Outcome::Document(document) => {
                let is_clean = log.count() == before;
                if is_first(&document, known, log) {
                    if is_clean { &mut self.documents } else { &mut self.flawed }.push(*document);
                }
            }
            Outcome::Named(key) => {
                self.lost.keys.insert(key);
            }
            Outcome::Nameless => self.lost.texts.push(text.to_owned()),
        }
    }
}

fn is_first(document: &Document, known: &mut Known, log: &mut Log) -> bool {
    let key = &document.key;
    let Some(Origin { file, place }) = known.get(key) else {
        known.insert(key.clone(), document.origin.clone());
        return true;
    };
    let hint = format!("the first is at {file}:{}:{}", place.line, place.column);
    let message = format!("a second {} named `{}`", key.kind, key.service());
    log.error_with(document.origin.place, message, hint);
    false
}

/// How far a document could be read.
enum Outcome {
    Document(Box<Document>),
    Named(DocumentKey),
    Nameless,
}

fn read_document(node: &Node, log: &mut Log) -> Outcome {
    let mut key = None;
    let document = read::mapping(node, log, |fields| read_envelope(fields, &mut key));
    match (document, key) {
        (Some(document), _) => Outcome::Document(Box::new(document)),
        (None, Some(key)) => Outcome::Named(key),
        (None, None) => Outcome::Nameless,
    }
}

/// Reads all there is to read, also of a document that is lost already. The
/// key is told as soon as it is known.
fn read_envelope(fields: &mut Fields<'_, '_>, key: &mut Option<DocumentKey>) -> Option<Document> {
    fields.not_yet(&["status"]);
    let kind = fields.required("kind", read_kind);
    check_api_version(kind, fields);
    let metadata = fields.required("metadata", |node, log| read_metadata(kind, node, log));
    let Some(kind) = kind else {
        fields.optional("spec", |_, _| Some(()));
        return None;
    };
    let Some(Metadata { name, namespace, labels, annotations }) = metadata else {
        // Its mistakes are told all the same, under any name.
        let key: DocumentKey = "Mesh/default/mesh".parse().ok()?;
        let spec = read_spec(&DocumentKey { kind, ..key }, fields);
        return spec.and(None);
    };
    check_namespace(kind, &namespace, fields);
    let key = key.insert(DocumentKey { kind, namespace: namespace.value, name });
    let spec = read_spec(key, fields)?;
    let origin = Origin { file: fields.log.file(), place: fields.place };
    Some(Document { key: key.clone(), origin, labels, annotations, spec })
}

/// Kinds people may expect, of Gateway API and of this project's plan.
const KINDS_NOT_YET: [&str; 17] = [
    "GatewayClass",
    "TLSRoute",
    "TCPRoute",
    "UDPRoute",
    "ReferenceGrant",
    "BackendTLSPolicy",
    "ListenerSet",
    "Group",
    "Role",
    "Resilience",
    "RateLimit",
    "TokenIssuer",
    "OAuthClient",
    "ApiKey",
    "Federation",
    "Secret",
    "List",
];

fn read_kind(node: &Node, log: &mut Log) -> Option<Kind> {
    let At { value: given, place } = read::text(node, log)?;
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.word() == given) {
        return Some(kind);
    }
    if KINDS_NOT_YET.contains(&given.as_str()) {
        log.error(place, format!("kind `{given}` is not supported yet"));
        return None;
    }
    let hint = match given.as_str() {
        "Service" => Some("here it is a `MeshService` of `postern.dev/v1`".to_owned()),
        _ => hint::among(&given, Kind::ALL.map(Kind::word)),
    };
    log.error_maybe(place, format!("unknown kind `{given}`"), hint);
    None
}

fn check_api_version(kind: Option<Kind>, fields: &mut Fields<'_, '_>) {
    let given = fields.required("apiVersion", read::text);
    let (Some(kind), Some(given)) = (kind, given) else { return };
    let wanted = kind.api_version();
    if given.value != wanted {
        let message = format!("{kind} of `{}` is not known here", given.value);
        fields.log.error_with(given.place, message, format!("write `{wanted}`"));
    }
}

struct Metadata {
    name: Label,
    namespace: At<Label>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fn read_metadata(kind: Option<Kind>, node: &Node, log: &mut Log) -> Option<Metadata> {
    let text = |node: &Node, log: &mut Log| Some(read::text(node, log)?.value);
    read::mapping(node, log, |fields| {
        let name = fields.required("name", read::parsed::<Label>);
        let namespace = fields.optional("namespace", read::parsed::<Label>);
        let labels = fields.optional("labels", read::texts(text));
        let annotations = fields.optional("annotations", |node, log| {
            annotation::check(kind, node, log);
            read::texts(text)(node, log)
        });
        let namespace = match namespace {
            None if fields.has("namespace") => return None,
            None => At::nowhere("default".parse().ok()?),
            Some(namespace) => namespace,
        };
        Some(Metadata {
            name: name?.value,
            namespace,
            labels: labels.unwrap_or_default(),
            annotations: annotations.unwrap_or_default(),
        })
    })
}

fn check_namespace(kind: Kind, namespace: &At<Label>, fields: &mut Fields<'_, '_>) {
    if kind == Kind::Mesh && namespace.value.as_str() != "default" {
        let hint = "leave `namespace` out";
        fields.log.error_with(namespace.place, "a mesh belongs to no namespace", hint);
    }
}

fn read_spec(key: &DocumentKey, fields: &mut Fields<'_, '_>) -> Option<Spec> {
    let read = |node: &Node, log: &mut Log| document::read_spec(key, node, log);
    if key.kind != Kind::Mesh {
        return fields.required("spec", read);
    }
    // Everything in a mesh has a default.
    let nothing = Node { place: Place::default(), content: Content::Mapping(Vec::new()) };
    match fields.has("spec") {
        true => fields.required("spec", read),
        false => fields.optional("spec", |_, _| None).or_else(|| read(&nothing, fields.log)),
    }
}
