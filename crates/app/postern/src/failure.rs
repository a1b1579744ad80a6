//! How a command fails: what it prints and the code it exits with.

use std::process::ExitCode;

use crate::output;

/// A command that did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Refused or failed: exit 1.
    Refused(anyhow::Error),
    /// Asked wrongly: exit 2.
    Usage(String),
    /// Said already what there is to say: exit 1 in silence.
    Said,
}

impl Failure {
    /// A refusal in plain words.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self::Refused(anyhow::anyhow!(text.into()))
    }

    /// Prints the failure and gives its exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Refused(error) => output::error(&format!("{error:#}")),
            Self::Usage(text) => output::error(text),
            Self::Said => {}
        }
        self.code()
    }

    fn code(&self) -> ExitCode {
        match self {
            Self::Refused(_) | Self::Said => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(error)
    }
}
