//! What the other end of a connection showed to prove who it is, kept so that
//! it can be judged again when trust changes.

use identity::{Bundles, Role};
use model::Timestamp;

/// A chain of certificates that was accepted once.
pub(crate) struct Shown {
    /// DER, the leaf first.
    pub(crate) chain: Vec<Vec<u8>>,
    /// The last moment the chain counts.
    pub(crate) not_after: Timestamp,
}

impl Shown {
    /// Whether these bundles still vouch for it. That a leaf has run out since
    /// is no reason to end what it opened: its identity goes on being renewed,
    /// or is taken back by other means.
    pub(crate) fn still_holds(&self, bundles: &Bundles, now: Timestamp) -> bool {
        let at = now.min(self.not_after);
        identity::verify(&self.chain, bundles, Role::Client, at).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use identity::Bundle;
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
        KeyUsagePurpose, SanType, date_time_ymd,
    };

    use super::*;
    use crate::register::Register;
    use crate::right::Right;

    struct Authority {
        root: Vec<u8>,
        issuer: Issuer<'static, KeyPair>,
    }

    impl Authority {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            params.subject_alt_names = vec![SanType::URI("spiffe://shop".try_into().unwrap())];
            let root = params.self_signed(&key).unwrap().der().to_vec();
            Self { root, issuer: Issuer::new(params, key) }
        }

        fn leaf(&self) -> Shown {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::default();
            let id = "spiffe://shop/ns/default/sa/web";
            params.subject_alt_names = vec![SanType::URI(id.try_into().unwrap())];
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            (params.not_before, params.not_after) =
                (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 1, 2));
            let leaf = params.signed_by(&key, &self.issuer).unwrap();
            let not_after = wire::x509::read(leaf.der()).unwrap().not_after;
            Shown { chain: vec![leaf.der().to_vec()], not_after }
        }
    }

    fn trusting(roots: &[&Authority]) -> Bundles {
        let roots = roots.iter().map(|authority| authority.root.clone()).collect();
        Bundles::alone(Bundle::new("shop".parse().unwrap(), roots).unwrap())
    }

    #[test]
    fn a_retired_root_ends_what_it_vouched_for_and_an_expired_leaf_nothing() {
        let (old, new) = (Authority::new(), Authority::new());
        let (before, after) = (old.leaf(), new.leaf());
        let later = before.not_after.plus(model::Millis::from_secs(3600));
        let both = trusting(&[&old, &new]);
        assert!(before.still_holds(&both, later) && after.still_holds(&both, later));
        let only_new = trusting(&[&new]);
        assert!(!before.still_holds(&only_new, later) && after.still_holds(&only_new, later));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_of_a_retired_root_is_cut_at_once() {
        let (old, new) = (Authority::new(), Authority::new());
        let register = Rc::new(Register::default());
        let (mine, other) =
            (register.list(1, Right::Connection), register.list(1, Right::Connection));
        let unknown = register.list(1, Right::Connection);
        let now = old.leaf().not_after;
        mine.shows(old.leaf());
        other.shows(new.leaf());
        register.retrust(1, &trusting(&[&old, &new]), now);
        register.retrust(2, &trusting(&[&new]), now);
        assert!(mine.is_held());
        register.retrust(1, &trusting(&[&new]), now);
        assert_eq!(mine.cut().await, "the authority behind the caller is no longer trusted");
        assert!(other.is_held() && unknown.is_held());
    }
}
