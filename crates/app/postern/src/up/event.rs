//! What happens in a running `up`, one sentence for people and one JSON line
//! for programs.

use model::{ServiceName, Timestamp};
use serde_json::{Map, Value};

use crate::paint::Tint;

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// A short name that programs may rely on.
    pub(crate) name: &'static str,
    /// The service it is about.
    pub(crate) service: Option<String>,
    /// The sentence.
    pub(crate) text: String,
    /// How it looks.
    pub(crate) tint: Tint,
    /// Values for programs.
    fields: Map<String, Value>,
}

impl Event {
    /// An event about the mesh.
    pub(crate) fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, service: None, text: text.into(), tint: Tint::Plain, fields: Map::new() }
    }

    /// An event about a service.
    pub(crate) fn of(service: &ServiceName, name: &'static str, text: impl Into<String>) -> Self {
        Self { service: Some(service.to_string()), ..Self::new(name, text) }
    }

    /// The same with a colour.
    pub(crate) fn tinted(mut self, tint: Tint) -> Self {
        self.tint = tint;
        self
    }

    /// The same with a value.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// One line of JSON, without its end.
    pub(crate) fn json(&self, now: Timestamp) -> String {
        let mut line = Map::new();
        line.insert("time".to_owned(), now.to_string().into());
        line.insert("event".to_owned(), self.name.into());
        if let Some(service) = &self.service {
            line.insert("service".to_owned(), service.clone().into());
        }
        line.extend(self.fields.clone());
        line.insert("text".to_owned(), self.text.clone().into());
        Value::Object(line).to_string()
    }

    /// One line for people, without its end.
    pub(crate) fn sentence(&self) -> String {
        match &self.service {
            Some(service) => format!("{service}: {}", self.text),
            None => self.text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_of_json() {
        let web: ServiceName = "web".parse().unwrap();
        let event = Event::of(&web, "service-died", "ended\nbadly").with("code", 3);
        let line = event.json(Timestamp(0));
        assert!(!line.contains('\n'), "{line}");
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["event"], "service-died");
        assert_eq!((&value["service"], &value["code"]), (&"web".into(), &3.into()));
        assert_eq!(event.sentence(), "web: ended\nbadly");
    }
}
