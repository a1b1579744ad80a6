//! How a person names a document: `policy`, `policy/clerks-read`,
//! `Policy/shop/clerks-read`, or kind and name as two words.

use anyhow::{anyhow, bail};
use clap::Args;

/// The kinds with the words people use for them.
const KINDS: [(&str, &[&str]); 7] = [
    ("Mesh", &["mesh", "meshes"]),
    ("MeshService", &["meshservice", "meshservices", "service", "services", "svc"]),
    ("WorkloadIdentity", &["workloadidentity", "workloadidentities", "identity", "identities"]),
    ("Policy", &["policy", "policies"]),
    ("Gateway", &["gateway", "gateways", "gw"]),
    ("HTTPRoute", &["httproute", "httproutes", "route", "routes"]),
    ("GRPCRoute", &["grpcroute", "grpcroutes"]),
];

/// `KIND [NAME]` with a namespace.
#[derive(Args, Debug)]
pub(crate) struct ReferenceArgs {
    /// KIND, KIND/NAME or KIND/NAMESPACE/NAME
    kind: Option<String>,
    /// The document's name, when it is not in the first word
    name: Option<String>,
    /// The namespace
    #[arg(short, long)]
    namespace: Option<String>,
}

/// What was named: a kind, and perhaps a namespace and a name in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) kind: &'static str,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
}

impl ReferenceArgs {
    /// The reference, its kind in the documents' spelling; `None` when nothing
    /// was said.
    ///
    /// # Errors
    /// When the kind is unknown or a part is said twice.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Reference>> {
        let Some(said) = &self.kind else { return Ok(None) };
        let mut parts = said.split('/');
        let kind = kind(parts.next().unwrap_or_default())?;
        let rest: Vec<_> = parts.map(str::to_owned).collect();
        let (mut namespace, mut name) = match rest.as_slice() {
            [] => (None, None),
            [name] => (None, Some(name.clone())),
            [namespace, name] => (Some(namespace.clone()), Some(name.clone())),
            _ => bail!("write KIND, KIND/NAME or KIND/NAMESPACE/NAME"),
        };
        if let Some(second) = &self.name {
            if name.is_some() {
                bail!("the name is said twice: `{said}` and `{second}`");
            }
            match second.split_once('/') {
                Some((place, plain)) => {
                    (namespace, name) = (Some(place.to_owned()), Some(plain.to_owned()));
                }
                None => name = Some(second.clone()),
            }
        }
        if let Some(flag) = &self.namespace {
            if namespace.as_ref().is_some_and(|said| said != flag) {
                bail!("the namespace is said twice");
            }
            namespace = Some(flag.clone());
        }
        Ok(Some(Reference { kind, namespace, name }))
    }
}

fn kind(word: &str) -> anyhow::Result<&'static str> {
    let lower = word.to_ascii_lowercase().replace('-', "");
    let known = KINDS.iter().find(|(_, words)| words.contains(&lower.as_str()));
    known.map(|(kind, _)| *kind).ok_or_else(|| {
        let all: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
        anyhow!("`{word}` is no kind of document; there are {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, name: Option<&str>, namespace: Option<&str>) -> anyhow::Result<Reference> {
        let owned = |text: &str| text.to_owned();
        let args = ReferenceArgs {
            kind: Some(owned(kind)),
            name: name.map(owned),
            namespace: namespace.map(owned),
        };
        args.read().map(Option::unwrap)
    }

    fn reference(kind: &'static str, namespace: Option<&str>, name: Option<&str>) -> Reference {
        Reference { kind, namespace: namespace.map(Into::into), name: name.map(Into::into) }
    }

    #[test]
    fn a_document_can_be_named_in_several_ways() {
        let wanted = reference("Policy", Some("shop"), Some("p"));
        assert_eq!(read("Policy/shop/p", None, None).unwrap(), wanted);
        assert_eq!(read("policies", Some("shop/p"), None).unwrap(), wanted);
        assert_eq!(read("policy/p", None, Some("shop")).unwrap(), wanted);
        assert_eq!(read("policy", Some("p"), None).unwrap(), reference("Policy", None, Some("p")));
        assert_eq!(read("svc", None, None).unwrap(), reference("MeshService", None, None));
        assert_eq!(read("http-route", None, None).unwrap().kind, "HTTPRoute");
        assert_eq!(read("GRPCRoutes", None, None).unwrap().kind, "GRPCRoute");
    }

    #[test]
    fn what_is_unknown_or_said_twice_is_refused() {
        let error = read("pods", None, None).unwrap_err().to_string();
        assert!(error.contains("MeshService"), "{error}");
        assert!(read("policy/a", Some("b"), None).is_err());
        assert!(read("policy/x/a", None, Some("y")).is_err());
        assert!(read("policy/a/b/c", None, None).is_err());
    }
}
