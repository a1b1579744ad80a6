//! Why bytes are no certificate we read.

/// Which part is wrong. Reading stops at the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A length, tag or boolean that isn't DER, or bytes missing or left over.
    #[error("the certificate is not well-formed DER")]
    Der,
    /// Versions 1 and 2 have no extensions, so no SPIFFE ID.
    #[error("the certificate is not of X.509 version 3")]
    Version,
    /// Negative, empty or longer than 20 bytes.
    #[error("the serial number is malformed")]
    Serial,
    /// The algorithm named inside isn't the one named outside.
    #[error("the certificate names two signature algorithms")]
    Algorithms,
    /// No such moment, or not in UTC with whole seconds.
    #[error("a moment of the validity is malformed")]
    Moment,
    /// More extensions than any certificate has.
    #[error("the certificate has too many extensions")]
    TooManyExtensions,
    /// An extension we understand is malformed.
    #[error("the {0} extension is malformed")]
    Extension(&'static str),
}
