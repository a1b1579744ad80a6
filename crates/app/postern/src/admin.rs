//! Asking the running mesh: JSON over the admin socket, refusals as errors in
//! plain words.

use std::path::PathBuf;

use hyper::Method;
use net::http_client::{self, RequestError};
use serde_json::Value;

use crate::answer::{self, Refusal};

/// The running mesh's admin API.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    socket: PathBuf,
}

/// Why the mesh did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    /// Nobody listens on the socket.
    #[error(
        "no mesh is running here ({socket}: {reason}): start one with `postern up`, or name its \
         socket with --admin"
    )]
    Away {
        /// The socket that was tried.
        socket: String,
        /// What happened.
        reason: String,
    },
    /// The socket is another user's.
    #[error("{socket} belongs to another user: only the owner of the mesh may ask it")]
    NotOurs {
        /// The socket that was tried.
        socket: String,
    },
    /// It answered with a refusal.
    #[error("{0}")]
    Refused(Refusal),
    /// It answered something that can't be read.
    #[error("the mesh's answer can't be read: {0}")]
    Answer(String),
}

impl Admin {
    /// Talks to the mesh behind `socket`.
    pub(crate) const fn at(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Reads `uri`.
    pub(crate) async fn get(&self, uri: &str) -> Result<Value, AdminError> {
        self.ask(Method::GET, uri, None).await
    }

    /// Sends `body` to `uri`.
    pub(crate) async fn post(&self, uri: &str, body: &Value) -> Result<Value, AdminError> {
        self.ask(Method::POST, uri, Some(body)).await
    }

    /// Deletes `uri`.
    pub(crate) async fn delete(&self, uri: &str) -> Result<Value, AdminError> {
        self.ask(Method::DELETE, uri, None).await
    }

    async fn ask(
        &self,
        method: Method,
        uri: &str,
        body: Option<&Value>,
    ) -> Result<Value, AdminError> {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = http_client::request_unix(&self.socket, method, uri, body)
            .await
            .map_err(|error| self.failed(error))?;
        if !answer.status.is_success() {
            let refusal = answer::refusal(answer.status.as_u16(), &answer.body);
            return Err(AdminError::Refused(refusal));
        }
        if answer.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|error| AdminError::Answer(error.to_string()))
    }

    fn failed(&self, error: RequestError) -> AdminError {
        let socket = self.socket.display().to_string();
        match error {
            RequestError::Connect { source, .. }
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                AdminError::NotOurs { socket }
            }
            RequestError::Connect { source, .. } => {
                AdminError::Away { socket, reason: source.to_string() }
            }
            RequestError::Broken { .. } => {
                AdminError::Away { socket, reason: "the connection broke off".to_owned() }
            }
            RequestError::Request(what) => AdminError::Answer(format!("`{what}` is no address")),
        }
    }
}

/// One segment or query value of a URI, escaped.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stand_for_themselves() {
        assert_eq!(escape("web-1.a_b~"), "web-1.a_b~");
        assert_eq!(escape("a/b?c d%"), "a%2Fb%3Fc%20d%25");
    }
}
