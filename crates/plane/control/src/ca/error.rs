//! What can be wrong with an authority's files, and why a request for a
//! certificate fails. Each text says what to do where there is something.

use std::path::PathBuf;

use identity::{BuildError, CheckFailed, CsrError, KeyError, PeerRefused, TemplateError};
use model::{Blame, SpiffeId, TrustDomain};

/// Why the authority can't be opened. Nothing on disk has been changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// There is no authority, and none may be made.
    #[error(
        "there is no authority in {0}, though this mesh has had one: restore the directory from a backup"
    )]
    Missing(PathBuf),
    /// A file of the authority is away.
    #[error("{missing} is missing beside {present}: restore it from a backup")]
    FileMissing {
        /// What is away.
        missing: PathBuf,
        /// What is there.
        present: PathBuf,
    },
    /// The directory holds something, but no authority.
    #[error("{0} is not empty and holds no authority: move what is in it elsewhere")]
    NotAnAuthority(PathBuf),
    /// Others than the owner have rights.
    #[error("{path} has mode {mode:04o}: nobody but its owner may have rights on it (chmod go=)")]
    TooOpen {
        /// The file or directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Another user owns it.
    #[error("{0} belongs to another user")]
    NotOurs(PathBuf),
    /// A link, a device, a directory where a file should be.
    #[error("{0} is not of the kind expected there: a plain file or directory, and no link")]
    WrongKind(PathBuf),
    /// The content can't be used.
    #[error("{path} is damaged: {reason}; restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A key and a certificate that don't belong together.
    #[error("{key} is not the key of {certificate}: restore both from one backup")]
    NotAPair {
        /// The key file.
        key: PathBuf,
        /// The certificate file.
        certificate: PathBuf,
    },
    /// The authority is another trust domain's.
    #[error("{path} does not belong to the trust domain `{wanted}`: {reason}")]
    OtherTrustDomain {
        /// The certificate file.
        path: PathBuf,
        /// The trust domain asked for.
        wanted: TrustDomain,
        /// What the certificate says.
        reason: String,
    },
    /// A leaf made for the trial would be refused by every peer.
    #[error("what this authority signs would be refused: {0}; is the clock right?")]
    Useless(#[from] PeerRefused),
    /// The trial leaf could not be made at all.
    #[error("this authority can't sign: {0}; is the clock right?")]
    Issue(#[from] IssueError),
    /// The file system refuses.
    #[error("{path}: {reason}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

/// Why a certificate is not issued or a seal not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The request is not acceptable.
    #[error("the certificate request is refused: {0}")]
    Csr(#[from] CsrError),
    /// The identity belongs to the mesh itself.
    #[error("`{0}` is reserved for the mesh itself")]
    Reserved(SpiffeId),
    /// The identity or lifetime can't be vouched for.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Signing failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The signed certificate is not what was asked for; it was thrown away.
    #[error(transparent)]
    Check(#[from] CheckFailed),
    /// A key could not be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key would not sign.
    #[error(transparent)]
    Sign(#[from] identity::SignError),
}

impl IssueError {
    /// Who has to change something.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Csr(_) | Self::Reserved(_) => Blame::Caller,
            Self::Template(TemplateError::IssuerNotValid) => Blame::Operator,
            Self::Template(_) => Blame::Caller,
            Self::Build(_) | Self::Check(_) | Self::Key(_) | Self::Sign(_) => Blame::Us,
        }
    }
}
