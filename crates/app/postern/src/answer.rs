//! The admin API's answers as types. Unknown fields are passed over, so that
//! an older command line reads a newer mesh.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A refusal: what is wrong, with every problem's place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    /// One sentence.
    pub(crate) error: String,
    /// The documents' problems.
    pub(crate) problems: Vec<Problem>,
}

/// One problem of a document.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    file: String,
    line: u32,
    column: u32,
    message: String,
    hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, ": {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// The refusal in an answer's body.
pub(crate) fn refusal(status: u16, body: &[u8]) -> Refusal {
    let mut refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    if refusal.error.is_empty() {
        let text = String::from_utf8_lossy(body);
        refusal.error = match text.trim() {
            "" => format!("the mesh answered {status}"),
            text => format!("the mesh answered {status}: {text}"),
        };
    }
    refusal
}

/// Reads an answer as `T`.
///
/// # Errors
/// When it has another shape.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> anyhow::Result<T> {
    T::deserialize(value)
        .map_err(|error| anyhow::anyhow!("the mesh's answer can't be read: {error}"))
}

/// `GET /v1/status`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) mesh: String,
    pub(crate) trust_domain: String,
    pub(crate) generation: String,
    pub(crate) ready: bool,
    pub(crate) warnings: Vec<Value>,
    pub(crate) services: Vec<Service>,
    pub(crate) doors: Vec<Door>,
}

/// One service in the status.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) ports: Vec<Port>,
    pub(crate) run: bool,
    pub(crate) instances: Vec<Instance>,
    pub(crate) ready: bool,
}

/// One port of a service.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Port {
    pub(crate) port: u16,
    pub(crate) protocol: String,
}

/// One instance of a service.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Instance {
    pub(crate) name: String,
    pub(crate) connected: bool,
}

/// One door and the generation it runs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Door {
    pub(crate) door: String,
    pub(crate) instance: String,
    pub(crate) generation: Option<String>,
    pub(crate) refused: Option<String>,
    pub(crate) connected: bool,
}

/// `GET /v1/documents`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Documents {
    pub(crate) generation: String,
    pub(crate) documents: Vec<Document>,
}

/// One stored document.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Document {
    pub(crate) key: String,
    pub(crate) yaml: String,
    pub(crate) json: Value,
}

/// `POST /v1/documents`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Applied {
    pub(crate) generation: String,
    pub(crate) changes: Vec<Change>,
    pub(crate) warnings: Vec<Value>,
}

/// One change of the documents.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) what: String,
    pub(crate) text: String,
}

/// `GET /v1/convergence`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Convergence {
    pub(crate) converged: bool,
    pub(crate) doors: Vec<Door>,
}

/// `GET /v1/rules`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rules {
    pub(crate) rules: Vec<Rule>,
}

/// One rule of a policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    pub(crate) policy: String,
    pub(crate) namespace: String,
    pub(crate) effect: String,
    pub(crate) from: Vec<String>,
    pub(crate) to: String,
    pub(crate) http: Vec<String>,
    pub(crate) ports: Vec<u16>,
}

/// `GET /v1/decisions/{id}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Decision {
    pub(crate) id: String,
    pub(crate) time: Value,
    pub(crate) generation: String,
    pub(crate) role: String,
    pub(crate) door: String,
    pub(crate) caller: String,
    pub(crate) service: String,
    pub(crate) port: u16,
    pub(crate) action: String,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) allowed: bool,
    pub(crate) rule: Option<String>,
    pub(crate) explanation: Vec<String>,
}

/// `GET /v1/identities`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Identities {
    pub(crate) identities: Vec<Identity>,
}

/// One identity and who gets it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) selectors: Vec<String>,
    pub(crate) lifetime: Value,
    pub(crate) renew: Value,
}

/// `POST /v1/attach`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Attached {
    pub(crate) lease: Value,
    pub(crate) spiffe_id: String,
    pub(crate) generation: String,
    /// Whether others may call it: it has a port of its own.
    pub(crate) serves: bool,
    pub(crate) runtime: String,
    pub(crate) state: String,
}

/// A value for a table cell: text as it is, anything else as JSON.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_shows_each_problem_at_its_place() {
        let body = json!({"error": "2 problems", "problems": [
            {"file": "a.yaml", "line": 3, "column": 5, "message": "unknown field `x`", "hint": "did you mean `y`?"},
            {"message": "no such service"},
        ]});
        let text = refusal(422, body.to_string().as_bytes()).to_string();
        let wanted =
            "2 problems\n  a.yaml:3:5: unknown field `x`: did you mean `y`?\n  no such service";
        assert_eq!(text, wanted);
    }

    #[test]
    fn a_refusal_that_is_no_json_still_says_something() {
        assert_eq!(refusal(500, b"").to_string(), "the mesh answered 500");
        assert_eq!(refusal(404, b"nothing\n").to_string(), "the mesh answered 404: nothing");
    }

    #[test]
    fn answers_take_fields_they_do_not_know() {
        let value =
            json!({"mesh": "shop", "trustDomain": "shop.example", "later": 1, "ready": true});
        let status: Status = read(&value).unwrap();
        assert_eq!((status.trust_domain.as_str(), status.ready), ("shop.example", true));
        assert!(read::<Status>(&json!([1])).is_err() || read::<Status>(&json!("x")).is_err());
    }
}
