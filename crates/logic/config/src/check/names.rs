//! What there is, by name: where references are looked up, and what a name
//! that leads nowhere was probably meant to be.

use std::collections::BTreeMap;

use model::{Label, ServiceName, SpiffeId, TrustDomain};

use crate::document::gateway::GatewaySpec;
use crate::document::mesh::MeshSpec;
use crate::document::service::ServiceSpec;
use crate::document::{Document, DocumentKey, Kind, Spec};
use crate::hint;
use crate::parse::Lost;
use crate::problem::{At, Log};

/// All documents by what they are called.
pub(super) struct Names<'d> {
    pub(super) services: BTreeMap<ServiceName, &'d ServiceSpec>,
    pub(super) gateways: BTreeMap<ServiceName, &'d GatewaySpec>,
    identities: Vec<ServiceName>,
    documents: &'d [Document],
    firsts: BTreeMap<DocumentKey, &'d Document>,
    mesh: Option<MeshSpec>,
    lost: &'d Lost,
}

impl<'d> Names<'d> {
    pub(super) fn of(documents: &'d [Document], lost: &'d Lost) -> Self {
        let mut names = Self {
            services: BTreeMap::new(),
            gateways: BTreeMap::new(),
            identities: Vec::new(),
            documents,
            firsts: BTreeMap::new(),
            mesh: "mesh".parse().ok().as_ref().and_then(MeshSpec::named),
            lost,
        };
        for document in documents {
            let name = document.key.service();
            names.firsts.entry(shared(&document.key)).or_insert(document);
            match &document.spec {
                Spec::MeshService(spec) => drop(names.services.insert(name, spec)),
                Spec::Gateway(spec) => drop(names.gateways.insert(name, spec)),
                Spec::WorkloadIdentity(_) => names.identities.push(name),
                Spec::Mesh(spec) => names.mesh = Some(spec.clone()),
                Spec::Policy(_) | Spec::HttpRoute(_) | Spec::GrpcRoute(_) => {}
            }
        }
        names
    }

    /// The mesh that holds: the one written, else one named `mesh`.
    pub(super) fn mesh(&self) -> Option<MeshSpec> {
        self.mesh.clone()
    }

    /// All documents, for checks across them.
    pub(super) fn documents(&self) -> impl Iterator<Item = &'d Document> {
        self.documents.iter()
    }

    /// The trust domain, unless the mesh document could not be read.
    pub(super) fn trust_domain(&self) -> Option<&TrustDomain> {
        if self.lost.may_hold_mesh() {
            return None;
        }
        self.mesh.as_ref().map(|mesh| &mesh.trust_domain)
    }

    /// Whether an identity is surely not of this mesh.
    pub(super) fn is_foreign(&self, id: &SpiffeId) -> bool {
        self.trust_domain().is_some_and(|own| id.trust_domain() != own)
    }

    /// Whether a caller's name leads somewhere; reports it when it doesn't.
    pub(super) fn find_caller(&self, name: &At<ServiceName>, log: &mut Log) {
        let is_identity = self.identities.contains(&name.value);
        if !is_identity && !self.services.contains_key(name) && !self.gateways.contains_key(name) {
            let known = self.services.keys().chain(self.gateways.keys()).chain(&self.identities);
            self.report_missing("service, gateway or workload identity", name, known, log);
        }
    }

    /// Whether something in a namespace has an identity, as far as is known.
    pub(super) fn has_namespace(&self, namespace: &Label) -> bool {
        let names = self.services.keys().chain(self.gateways.keys()).chain(&self.identities);
        names.map(|name| &name.namespace).any(|known| known == namespace)
            || self.lost.may_hold(namespace)
    }

    /// The service of this name; reports it when there is none.
    pub(super) fn find_service(
        &self,
        name: &At<ServiceName>,
        log: &mut Log,
    ) -> Option<&'d ServiceSpec> {
        let found = self.services.get(&name.value).copied();
        if found.is_none() {
            self.report_missing(Kind::MeshService.noun(), name, self.services.keys(), log);
        }
        found
    }

    /// The gateway of this name; reports it when there is none.
    pub(super) fn find_gateway(
        &self,
        name: &At<ServiceName>,
        log: &mut Log,
    ) -> Option<&'d GatewaySpec> {
        let found = self.gateways.get(&name.value).copied();
        if found.is_none() {
            self.report_missing(Kind::Gateway.noun(), name, self.gateways.keys(), log);
        }
        found
    }

    /// Says that `name` leads nowhere, unless what it names may be in a
    /// document that could not be read.
    pub(super) fn report_missing<'n>(
        &self,
        what: &str,
        name: &At<ServiceName>,
        known: impl Iterator<Item = &'n ServiceName>,
        log: &mut Log,
    ) {
        if self.lost.may_hold(&name.name) {
            return;
        }
        let known: Vec<String> = known.map(ToString::to_string).collect();
        let written = name.value.to_string();
        let hint = hint::nearest(&written, known.iter().map(String::as_str));
        let hint = match hint {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None => elsewhere(name, &known),
        };
        log.error_maybe(name.place, format!("there is no {what} `{written}`"), hint);
    }

    /// A name stands once; services and gateways share theirs, because a name
    /// is an identity.
    pub(super) fn check_unique(&self, document: &Document, log: &mut Log) {
        let key = &document.key;
        let first = self.firsts.get(&shared(key)).copied();
        let Some(first) = first.filter(|first| !std::ptr::eq(*first, document)) else { return };
        let name = key.service();
        let message = format!("`{name}` is the name of a {} already", first.key.kind.noun());
        log.error_with(document.origin.place, message, standing_at(first));
    }

    /// There is one mesh, and server names can be made from its trust domain.
    pub(super) fn check_mesh(&self, document: &Document, spec: &MeshSpec, log: &mut Log) {
        let place = document.origin.place;
        let first = self.documents.iter().find(|other| other.key.kind == Kind::Mesh);
        if let Some(first) = first.filter(|first| first.key != document.key) {
            log.error_with(place, "a second mesh: documents describe one", standing_at(first));
        }
        let domain = spec.trust_domain.as_str();
        let as_host = domain.replace('_', "-").parse::<crate::host_pattern::HostPattern>();
        if as_host.is_err() {
            let message = format!("the trust domain `{domain}` can't be part of a server name");
            log.error_with(place, message, "use names joined by dots, such as `shop.example`");
        }
    }
}

/// The key under which names of this kind are unique.
fn shared(key: &DocumentKey) -> DocumentKey {
    let kind = match key.kind {
        Kind::Gateway => Kind::MeshService,
        other => other,
    };
    DocumentKey { kind, ..key.clone() }
}

fn standing_at(first: &Document) -> String {
    let origin = &first.origin;
    format!("it stands at {}:{}:{}", origin.file, origin.place.line, origin.place.column)
}

/// The same name in another namespace.
fn elsewhere(name: &ServiceName, known: &[String]) -> Option<String> {
    let bare = name.name.as_str();
    let same = known.iter().find(|k| k.rsplit('/').next() == Some(bare))?;
    let same = if same.contains('/') { same.clone() } else { format!("default/{same}") };
    Some(format!("there is one in another namespace: write `{same}`"))
}
