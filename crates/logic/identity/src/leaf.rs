//! What the X509-SVID specification asks of a leaf by itself (sections 2 to
//! 5): checked before any signature, on every peer. Who signed it is not
//! asked here.

use model::{SpiffeId, Timestamp};
use wire::x509::{Facts, KeyUsage};

use crate::refused::PeerRefused;
use crate::role::Role;

/// Reads the identity from a leaf that keeps all rules. There is no allowance
/// for skew: `now` has to lie within the certificate's own ends.
pub(crate) fn judge(facts: &Facts, role: Role, now: Timestamp) -> Result<SpiffeId, PeerRefused> {
    check_time(facts, now)?;
    check_extensions(facts)?;
    check_signs_nothing_but_handshakes(facts)?;
    check_role(facts, role)?;
    identity(&facts.uris)
}

fn check_time(facts: &Facts, now: Timestamp) -> Result<(), PeerRefused> {
    if now > facts.not_after {
        return Err(PeerRefused::Expired(facts.not_after));
    }
    if now < facts.not_before {
        return Err(PeerRefused::NotYetValid(facts.not_before));
    }
    Ok(())
}

fn check_extensions(facts: &Facts) -> Result<(), PeerRefused> {
    if facts.has_duplicate_extension {
        return Err(PeerRefused::DuplicateExtension);
    }
    if facts.unknown_critical {
        return Err(PeerRefused::UnknownCriticalExtension);
    }
    if facts.subject_is_empty && !facts.uris.is_empty() && !facts.san_is_critical {
        return Err(PeerRefused::NamesNotCritical);
    }
    Ok(())
}

fn check_signs_nothing_but_handshakes(facts: &Facts) -> Result<(), PeerRefused> {
    if facts.is_ca {
        return Err(PeerRefused::CaAsLeaf);
    }
    match &facts.key_usage {
        None => Err(PeerRefused::NoKeyUsage),
        Some(KeyUsage { key_cert_sign: true, .. } | KeyUsage { crl_sign: true, .. }) => {
            Err(PeerRefused::LeafMaySign)
        }
        Some(KeyUsage { critical: false, .. }) => Err(PeerRefused::KeyUsageNotCritical),
        Some(KeyUsage { digital_signature: false, .. }) => Err(PeerRefused::NoDigitalSignature),
        Some(_) => Ok(()),
    }
}

/// Extended key usage may be absent; when there, it names both roles
/// (X509-SVID, section 4.4). `anyExtendedKeyUsage` counts for neither.
fn check_role(facts: &Facts, role: Role) -> Result<(), PeerRefused> {
    let Some(usage) = &facts.extended_key_usage else { return Ok(()) };
    let (wanted, other) = match role {
        Role::Client => (usage.client_auth, usage.server_auth),
        Role::Server => (usage.server_auth, usage.client_auth),
    };
    match (wanted, other) {
        (false, _) => Err(PeerRefused::NotForRole(role)),
        (true, false) => Err(PeerRefused::OneRoleOnly),
        (true, true) => Ok(()),
    }
}

fn identity(uris: &[String]) -> Result<SpiffeId, PeerRefused> {
    let uri = match uris {
        [] => return Err(PeerRefused::NoUri),
        [uri] => uri,
        several => return Err(PeerRefused::SeveralUris(several.len())),
    };
    let id: SpiffeId = uri.parse()?;
    if id.to_string() != *uri {
        return Err(PeerRefused::NotCanonical(id));
    }
    if id.path().is_empty() {
        return Err(PeerRefused::NoPath);
    }
    Ok(id)
}
