//! The authority at work: opened once, then asked for leaves, for the server's
//! own identity, and for seals. Who is entitled to what is decided before it
//! is asked; it only refuses what no authority of this trust domain may sign.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use identity::{
    Bundle, Bundles, CaCertificate, Csr, LocalKey, PublicKey, Role, TemplateError, Wanted, check,
    is_reserved, issue, server_id, template, verify,
};
use model::{Dice, Millis, SpiffeId, Timestamp, TrustDomain};
use parking_lot::Mutex;

use super::error::{CaError, IssueError};
use super::info::{CaInfo, CertificateInfo};
use super::layout::{self, Issuing};
use super::server::{LIFE, Seal, ServerSvid};
use super::signer::PROTECTION;

/// Which authority to open.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Its directory; only its owner may have rights on it.
    pub dir: &'a Path,
    /// The trust domain it has to be of.
    pub trust_domain: &'a TrustDomain,
    /// Whether a new one may be made when there is none. Say no when this mesh
    /// has had one: then its absence is a loss and no beginning.
    pub may_create: bool,
}

/// The authority of one trust domain.
pub struct Authority {
    dir: PathBuf,
    root: CaCertificate,
    is_new: bool,
    state: Mutex<State>,
}

struct State {
    /// All intermediates, the newest last; at least one.
    issuing: Vec<Arc<Issuing>>,
    server: Option<Arc<ServerSvid>>,
    dice: Box<dyn Dice + Send>,
    /// Why the last attempt to turn the intermediate failed.
    fault: Option<String>,
}

impl Authority {
    /// Opens the authority, or makes it on the first start. Before it counts
    /// as open, a leaf signed by it has passed the same verification that
    /// peers apply.
    ///
    /// # Errors
    /// [`CaError`] for every state in which a file is missing, damaged, too
    /// widely readable, somebody else's, or doesn't fit the others. Nothing on
    /// disk is changed then.
    pub fn open(
        opening: &Opening<'_>,
        now: Timestamp,
        mut dice: Box<dyn Dice + Send>,
    ) -> Result<Self, CaError> {
        let Opening { dir, trust_domain, may_create } = *opening;
        let is_new = !layout::is_there(dir)?;
        if is_new && !may_create {
            return Err(CaError::Missing(dir.to_owned()));
        }
        if is_new {
            layout::create(dir, trust_domain, now, dice.as_mut())?;
        }
        let root = layout::root(dir, trust_domain)?;
        let issuing = layout::intermediates(dir, trust_domain)?.into_iter().map(Arc::new).collect();
        let state = Mutex::new(State { issuing, server: None, dice, fault: None });
        let authority = Self { dir: dir.to_owned(), root, is_new, state };
        authority.try_out(now)?;
        Ok(authority)
    }

    /// Whether this start made it.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// The trust domain it signs for.
    #[must_use]
    pub const fn trust_domain(&self) -> &TrustDomain {
        self.root.trust_domain()
    }

    /// The trust anchors, DER.
    #[must_use]
    pub fn bundle(&self) -> Vec<Vec<u8>> {
        vec![self.root.der().to_vec()]
    }

    /// Signs a leaf for the key of a request. Of the request nothing else is
    /// used: the identity is the one given here.
    ///
    /// # Errors
    /// When the request proves no P-256 key, the identity is reserved or
    /// another trust domain's, or signing fails.
    pub fn issue(
        &self,
        id: &SpiffeId,
        csr: &[u8],
        lifetime: Millis,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, IssueError> {
        if is_reserved(id) {
            return Err(IssueError::Reserved(id.clone()));
        }
        let csr = Csr::parse(csr)?;
        self.sign(&Wanted { id, key: csr.key(), lifetime }, now).map(|(chain, _)| chain)
    }

    /// The server's own identity, made anew when it gets old.
    ///
    /// # Errors
    /// When it has to be made and can't be.
    pub fn server_svid(&self, now: Timestamp) -> Result<Arc<ServerSvid>, IssueError> {
        let present = self.state.lock().server.clone();
        match present {
            Some(svid) if !svid.is_due(now) => return Ok(svid),
            _ => {}
        }
        let id = server_id(self.trust_domain());
        let key = LocalKey::generate()?;
        let wanted = Wanted { id: &id, key: &key.public_key()?, lifetime: LIFE };
        let (chain, not_after) = self.sign(&wanted, now)?;
        let svid = Arc::new(ServerSvid { id, chain, key, issued: now, not_after });
        self.state.lock().server = Some(Arc::clone(&svid));
        Ok(svid)
    }

    /// Signs bytes as the server: for the seal under a door's state, the
    /// message of [`identity::Sealed`].
    ///
    /// # Errors
    /// When the server has no identity or its key fails.
    pub fn seal(&self, bytes: &[u8], now: Timestamp) -> Result<Seal, IssueError> {
        self.server_svid(now)?.seal(bytes)
    }

    /// What `ca show` tells.
    #[must_use]
    pub fn describe(&self, now: Timestamp) -> CaInfo {
        let mut state = self.state.lock();
        let issuing = self.choose(&mut state, now);
        let mut warnings: Vec<_> = state.fault.iter().cloned().collect();
        if self.root.is_past_half(now) {
            warnings.push("the root has lived more than half of its life".to_owned());
        }
        CaInfo {
            trust_domain: self.trust_domain().to_string(),
            protection: PROTECTION.to_owned(),
            root: CertificateInfo::of(&self.root),
            intermediate: issuing.map(|issuing| CertificateInfo::of(&issuing.certificate)),
            warnings,
        }
    }

    /// Template, sign, check; the chain is the leaf and its issuer.
    fn sign(
        &self,
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Result<(Vec<Vec<u8>>, Timestamp), IssueError> {
        self.refuse_own_keys(wanted.key)?;
        let (issuing, template) = {
            let mut state = self.state.lock();
            let issuing = self.choose(&mut state, now).ok_or(TemplateError::IssuerNotValid)?;
            let template = template(wanted, &issuing.certificate, now, state.dice.as_mut())?;
            (issuing, template)
        };
        let leaf = issue(&template, &issuing.certificate, &issuing.key)?;
        check(&template, &leaf, &issuing.certificate)?;
        let chain = vec![leaf, issuing.certificate.der().to_vec()];
        Ok((chain, template.validity().not_after))
    }

    /// The template refuses the issuer's key; the root's is ours too.
    fn refuse_own_keys(&self, key: &PublicKey) -> Result<(), IssueError> {
        if key == self.root.key() {
            return Err(TemplateError::AuthorityKey.into());
        }
        Ok(())
    }

    /// The newest intermediate that counts at `now`. One past half of its life
    /// is replaced; when that fails it goes on for the other half, and
    /// `describe` says so.
    fn choose(&self, state: &mut State, now: Timestamp) -> Option<Arc<Issuing>> {
        let holds = |issuing: &&Arc<Issuing>| issuing.certificate.validity().holds(now);
        let present = state.issuing.iter().rev().find(holds).cloned();
        let is_fresh = present.as_ref().is_some_and(|issuing| self.is_fresh(issuing, now));
        if is_fresh || !self.root.validity().holds(now) {
            return present;
        }
        match layout::turn(&self.dir, &self.root, (now, state.dice.as_mut())) {
            Ok(next) => {
                let next = Arc::new(next);
                state.issuing.push(Arc::clone(&next));
                state.fault = None;
                Some(next)
            }
            Err(error) => {
                state.fault = Some(format!("the intermediate could not be renewed: {error}"));
                present
            }
        }
    }

    /// Whether a new intermediate would not last longer, or need not yet.
    fn is_fresh(&self, issuing: &Issuing, now: Timestamp) -> bool {
        let validity = issuing.certificate.validity();
        validity.not_after == self.root.validity().not_after
            || !issuing.certificate.is_past_half(now)
    }

    fn try_out(&self, now: Timestamp) -> Result<(), CaError> {
        let svid = self.server_svid(now)?;
        let bundle = Bundle::new(self.trust_domain().clone(), self.bundle()).map_err(|error| {
            CaError::Damaged { path: self.dir.clone(), reason: error.to_string() }
        })?;
        verify(svid.chain(), &Bundles::alone(bundle), Role::Server, now)?;
        Ok(())
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.trust_domain())
    }
}
