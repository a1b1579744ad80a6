//! The resources a door holds between pushes: takes a delta in, checks the
//! seal over the whole, and compiles it to a snapshot. It is all or nothing:
//! a delta that can't be taken leaves what was there.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use config::{Endpoint, Snapshot, Source};
use identity::{Bundles, Sealed};
use model::{Generation, ServiceName, SpiffeId, Timestamp};
use prost::Message;
use wire::discovery::DeltaDiscoveryResponse;
use wire::push::slice::Content;
use wire::push::{LastGood, NamedSlice, Seal, Slice};

/// The type of every resource pushed to a door.
pub(crate) const TYPE_URL: &str = "type.googleapis.com/postern.push.v1.Slice";
/// The resource that closes a generation.
const SEAL: &str = "seal";
/// What this door knows how to run; a resource that requires more is refused.
const FEATURES: [&str; 0] = [];

/// What a door was given, by resource name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    resources: BTreeMap<String, Resource>,
}

#[derive(Clone, Debug)]
struct Resource {
    version: String,
    bytes: Vec<u8>,
}

/// Why a state was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("resource `{0}` can't be read")]
    Unreadable(String),
    #[error("resource `{name}` requires `{feature}`, which this version does not know")]
    Feature { name: String, feature: String },
    #[error("the state has no seal")]
    NoSeal,
    #[error("the seal is not for this state: {0}")]
    WrongSeal(&'static str),
    #[error("{0}")]
    Seal(identity::SealRefused),
    #[error("{}", list(.0))]
    Problems(Vec<config::Problem>),
}

fn list(problems: &[config::Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// For whom a state is judged, and with what trust.
pub(crate) struct Judge<'a> {
    pub(crate) door: &'a ServiceName,
    pub(crate) id: &'a SpiffeId,
    pub(crate) bundles: &'a Bundles,
    /// When the seal's certificate has to be valid.
    pub(crate) now: Timestamp,
}

impl Held {
    /// What would be held after the delta.
    pub(crate) fn with(&self, delta: &DeltaDiscoveryResponse) -> Result<Self, Refused> {
        let mut next = self.clone();
        for name in &delta.removed_resources {
            next.resources.remove(name);
        }
        for resource in &delta.resources {
            let any = resource.resource.as_ref().filter(|any| any.type_url == TYPE_URL);
            let any = any.ok_or_else(|| Refused::Unreadable(resource.name.clone()))?;
            let held = Resource { version: resource.version.clone(), bytes: any.value.clone() };
            next.resources.insert(resource.name.clone(), held);
        }
        Ok(next)
    }

    /// Names and versions, for picking up where a stream broke off.
    pub(crate) fn versions(&self) -> std::collections::HashMap<String, String> {
        let all = self.resources.iter();
        all.map(|(name, held)| (name.clone(), held.version.clone())).collect()
    }

    /// Checks and compiles the whole.
    pub(crate) fn compile(&self, judge: &Judge<'_>) -> Result<Snapshot, Refused> {
        let (mut sources, mut endpoints, mut seal) = (Vec::new(), BTreeMap::new(), None);
        for (name, held) in &self.resources {
            // The seal and its name belong together: what is under that name is
            // the one thing the seal does not cover.
            match (content(name, &held.bytes)?, name == SEAL) {
                (Content::Document(text), false) => {
                    sources.push(Source { name: name.clone(), text });
                }
                (Content::Endpoints(list), false) => {
                    endpoints.insert(service(name, &list)?, list);
                }
                (Content::Seal(found), true) => seal = Some(found),
                _ => return Err(Refused::Unreadable(name.clone())),
            }
        }
        let generation = self.check_seal(&seal.ok_or(Refused::NoSeal)?, judge)?;
        let endpoints = endpoints.into_iter().map(|(service, list)| (service, places(&list)));
        let endpoints = endpoints.collect();
        let (documents, problems) = config::parse(&sources);
        if !problems.is_empty() {
            return Err(Refused::Problems(problems));
        }
        config::compile(documents, &endpoints, judge.door, generation).map_err(Refused::Problems)
    }

    fn check_seal(&self, seal: &Seal, judge: &Judge<'_>) -> Result<Generation, Refused> {
        let door = judge.id.to_string();
        if seal.door != door {
            return Err(Refused::WrongSeal("it names another door"));
        }
        if seal.digest != self.digest() {
            return Err(Refused::WrongSeal("the content is not what was sealed"));
        }
        let generation = seal.generation.parse();
        let generation = generation.map_err(|()| Refused::WrongSeal("it names no generation"))?;
        let sealed =
            Sealed { generation: &seal.generation, door: &seal.door, digest: &seal.digest };
        identity::verify_seal(&sealed, &seal.signature, &seal.chain, (judge.bundles, judge.now))
            .map_err(Refused::Seal)?;
        Ok(generation)
    }

    /// SHA-256 over all resources but the seal, sorted by name, each as name
    /// and content behind their lengths (big-endian u32).
    fn digest(&self) -> Vec<u8> {
        let mut context = digest::Context::new(&digest::SHA256);
        for (name, held) in self.resources.iter().filter(|(name, _)| *name != SEAL) {
            for part in [name.as_bytes(), &held.bytes] {
                let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
                context.update(&length.to_be_bytes());
                context.update(part);
            }
        }
        context.finish().as_ref().to_vec()
    }

    /// When the seal was set at the latest: until its certificate expired.
    pub(crate) fn sealed_before(&self) -> Option<Timestamp> {
        let seal = self.resources.get(SEAL)?;
        let Ok(Content::Seal(seal)) = content(SEAL, &seal.bytes) else { return None };
        let leaf = wire::x509::read(seal.chain.first()?).ok()?;
        Some(leaf.not_after.minus(model::Millis(1)))
    }

    pub(crate) fn to_disk(&self) -> Vec<NamedSlice> {
        let all = self.resources.iter();
        let named = all.map(|(name, held)| NamedSlice {
            name: name.clone(),
            version: held.version.clone(),
            slice: held.bytes.clone(),
        });
        named.collect()
    }

    pub(crate) fn from_disk(state: &LastGood) -> Self {
        let all = state.slices.iter();
        let resources = all.map(|slice| {
            let held = Resource { version: slice.version.clone(), bytes: slice.slice.clone() };
            (slice.name.clone(), held)
        });
        Self { resources: resources.collect() }
    }
}

fn content(name: &str, bytes: &[u8]) -> Result<Content, Refused> {
    let unreadable = || Refused::Unreadable(name.to_owned());
    let slice = Slice::decode(bytes).map_err(|_| unreadable())?;
    let unknown = slice.requires.iter().find(|needed| !FEATURES.contains(&needed.as_str()));
    if let Some(feature) = unknown {
        return Err(Refused::Feature { name: name.to_owned(), feature: feature.clone() });
    }
    slice.content.ok_or_else(unreadable)
}

fn service(name: &str, list: &wire::push::Endpoints) -> Result<ServiceName, Refused> {
    list.service.parse().map_err(|_| Refused::Unreadable(name.to_owned()))
}

/// An endpoint whose address can't be read is one nobody can reach.
fn places(list: &wire::push::Endpoints) -> Vec<Endpoint> {
    let all = list.endpoints.iter();
    let read = all.filter_map(|endpoint| {
        let address = endpoint.address.parse().ok()?;
        Some(Endpoint { instance: endpoint.instance.clone(), address })
    });
    read.collect()
}
