//! One certificate: a fresh key, a request, the authority's answer, and a
//! look at whether the answer is what was asked for.

use std::time::Duration;

use identity::{BuildError, Bundles, KeyError, LocalKey, PeerRefused, Role, make_csr, verify};
use model::{Clock, SpiffeId};
use net::SystemClock;
use tonic::Status;
use wire::authority::IssueRequest;

use crate::link::Authority;
use crate::svid::Svid;

/// The authority signs in well under a millisecond; this is for one that hangs.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotIssued {
    #[error("no key could be made: {0}")]
    Key(#[from] KeyError),
    #[error("no request could be made: {0}")]
    Request(#[from] BuildError),
    #[error("the authority is away")]
    Away,
    #[error("its entry is gone, or there is no trust bundle to check it by")]
    Unwanted,
    #[error("the authority says: {}", .0.message())]
    Authority(Box<Status>),
    #[error("the authority did not answer in time")]
    Slow,
    #[error("what the authority signed is of no use: {0}")]
    Useless(PeerRefused),
    #[error("the authority signed another identity: {0}")]
    OtherIdentity(SpiffeId),
    #[error("the authority signed another key than ours")]
    OtherKey,
}

/// What to ask for, and whose signature to believe.
pub(crate) struct Wish {
    pub id: SpiffeId,
    /// For the authority's record: what a process must show for it.
    pub evidence: Vec<String>,
    pub bundles: Bundles,
}

/// Asks the authority for a certificate with a key of its own.
pub(crate) async fn issue(authority: Option<Authority>, wish: Wish) -> Result<Svid, NotIssued> {
    let mut authority = authority.ok_or(NotIssued::Away)?;
    let key = LocalKey::generate()?;
    let request = IssueRequest {
        spiffe_id: wish.id.to_string(),
        csr: make_csr(&key)?,
        evidence: wish.evidence.clone(),
    };
    let answer = tokio::time::timeout(ANSWER_TIME, authority.issue(request)).await;
    let answer = answer.map_err(|_| NotIssued::Slow)?;
    let chain = answer.map_err(|status| NotIssued::Authority(Box::new(status)))?.into_inner().chain;
    check(&chain, &key, wish)
}

/// Fit for both ends of a connection, ours by name and by key.
fn check(chain: &[Vec<u8>], key: &LocalKey, wish: Wish) -> Result<Svid, NotIssued> {
    let now = SystemClock.now();
    let mut not_after = None;
    for role in [Role::Client, Role::Server] {
        let peer = verify(chain, &wish.bundles, role, now).map_err(NotIssued::Useless)?;
        if peer.id != wish.id {
            return Err(NotIssued::OtherIdentity(peer.id));
        }
        not_after = Some(peer.not_after);
    }
    let (Some(leaf), Some(not_after)) = (chain.first(), not_after) else {
        return Err(NotIssued::Useless(PeerRefused::NoCertificate));
    };
    let point = key.public_key()?;
    if !leaf.windows(point.point().len()).any(|window| window == point.point()) {
        return Err(NotIssued::OtherKey);
    }
    Ok(Svid::new(wish.id, chain.to_vec(), key.pkcs8().clone(), not_after))
}

#[cfg(test)]
mod tests {
    use identity::{
        Bundle, CaCertificate, Signer, Validity, Wanted, issue as sign, root_certificate, template,
    };
    use model::Millis;
    use net::OsDice;

    use super::*;

    fn id(name: &str) -> SpiffeId {
        format!("spiffe://shop/{name}").parse().unwrap()
    }

    fn root() -> (CaCertificate, LocalKey) {
        let key = LocalKey::generate().unwrap();
        let validity = Validity::beginning(SystemClock.now(), Millis::from_secs(600));
        let domain = "shop".parse().unwrap();
        (root_certificate(&domain, &key, validity, &mut OsDice::new()).unwrap(), key)
    }

    fn leaf(name: &str, key: &LocalKey, (root, root_key): &(CaCertificate, LocalKey)) -> Vec<u8> {
        let key = key.public_key().unwrap();
        let wanted = Wanted { id: &id(name), key: &key, lifetime: Millis::from_secs(60) };
        let template = template(&wanted, root, SystemClock.now(), &mut OsDice::new()).unwrap();
        sign(&template, root, root_key).unwrap()
    }

    fn wish(root: &CaCertificate) -> Wish {
        let bundle = Bundle::new("shop".parse().unwrap(), vec![root.der().to_vec()]).unwrap();
        Wish { id: id("web"), evidence: Vec::new(), bundles: Bundles::alone(bundle) }
    }

    #[test]
    fn what_was_asked_for_is_taken() {
        let (root, key) = (root(), LocalKey::generate().unwrap());
        let chain = [leaf("web", &key, &root)];
        let svid = check(&chain, &key, wish(&root.0)).unwrap();
        assert_eq!(svid.id, id("web"));
        assert_eq!(svid.chain, chain[0]);
        let kept = LocalKey::from_pkcs8(svid.key.expose()).unwrap();
        assert_eq!(kept.public_key_spki(), key.public_key_spki());
    }

    #[test]
    fn another_key_identity_or_root_is_refused() {
        let (root, key) = (root(), LocalKey::generate().unwrap());
        let other_key = leaf("web", &LocalKey::generate().unwrap(), &root);
        let other_id = leaf("batch", &key, &root);
        let other_root = leaf("web", &key, &self::root());
        let judge = |leaf| check(&[leaf], &key, wish(&root.0)).unwrap_err();
        assert!(matches!(judge(other_key), NotIssued::OtherKey));
        assert!(matches!(judge(other_id), NotIssued::OtherIdentity(_)));
        assert!(matches!(judge(other_root), NotIssued::Useless(_)));
        assert!(matches!(check(&[], &key, wish(&root.0)), Err(NotIssued::Useless(_))));
    }
}
