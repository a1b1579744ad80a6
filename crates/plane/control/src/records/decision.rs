//! One decision, in the JSON form it is kept and shown in.

use model::{DecisionId, Generation, Timestamp};
use serde::{Deserialize, Serialize};
use wire::push::Record;

/// What was decided, by whom, about what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decision {
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) time: String,
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

/// Why a record is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("`{0}` is no decision's id")]
    Id(String),
    #[error("`{0}` is no generation")]
    Generation(String),
    #[error("{0} is no port")]
    Port(u32),
    #[error("a record is too long")]
    TooLong,
}

const TEXT_BYTES_MAX: usize = 16 * 1024;
const LINES_MAX: usize = 200;

impl Decision {
    /// Takes a record whose door was proved.
    pub(crate) fn read(record: Record) -> Result<Self, RecordError> {
        check_length(&record)?;
        let no_id = |_| RecordError::Id(record.id.clone());
        record.id.parse::<DecisionId>().map_err(no_id)?;
        let no_generation = |()| RecordError::Generation(record.generation.clone());
        record.generation.parse::<Generation>().map_err(no_generation)?;
        let port = u16::try_from(record.port).map_err(|_| RecordError::Port(record.port))?;
        let some = |text: String| (!text.is_empty()).then_some(text);
        let caller = some(record.caller).unwrap_or_else(|| "anonymous".to_owned());
        Ok(Self {
            id: record.id,
            time: Timestamp(record.time_ms).to_string(),
            generation: record.generation,
            role: record.role,
            door: record.door,
            caller,
            service: some(record.service).unwrap_or(record.asked),
            port,
            action: record.action,
            method: some(record.method),
            path: some(record.path),
            allowed: record.allowed,
            rule: some(record.rule),
            explanation: record.explanation,
        })
    }
}

fn check_length(record: &Record) -> Result<(), RecordError> {
    let short = [&record.role, &record.door, &record.caller, &record.service, &record.asked];
    let long = [&record.action, &record.method, &record.path, &record.rule];
    let texts = short.into_iter().chain(long).chain(&record.explanation);
    let bytes: usize = texts.map(String::len).sum();
    if bytes > 4 * TEXT_BYTES_MAX || record.explanation.len() > LINES_MAX {
        return Err(RecordError::TooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            id: "0".repeat(20),
            time_ms: 1_795_323_889_120,
            generation: "1.2".into(),
            role: "inbound".into(),
            door: "default/orders".into(),
            service: "default/orders".into(),
            port: 80,
            action: "http".into(),
            method: "GET".into(),
            path: "/a".into(),
            ..Record::default()
        }
    }

    #[test]
    fn a_record_becomes_a_decision() {
        let decision = Decision::read(record()).unwrap();
        assert_eq!(decision.time, "2026-11-22T05:04:49.120Z");
        assert_eq!((decision.caller.as_str(), decision.rule), ("anonymous", None));
        assert_eq!(decision.method.as_deref(), Some("GET"));
    }

    #[test]
    fn what_was_asked_for_stands_in_for_a_service_nobody_knew() {
        let record = Record { service: String::new(), asked: "paymnts".into(), ..record() };
        assert_eq!(Decision::read(record).unwrap().service, "paymnts");
    }

    #[test]
    fn malformed_records_are_refused() {
        let bad = Record { id: "../x".into(), ..record() };
        assert!(matches!(Decision::read(bad), Err(RecordError::Id(_))));
        let bad = Record { generation: "2".into(), ..record() };
        assert!(matches!(Decision::read(bad), Err(RecordError::Generation(_))));
        let bad = Record { port: 70_000, ..record() };
        assert_eq!(Decision::read(bad), Err(RecordError::Port(70_000)));
        let bad = Record { path: "x".repeat(70_000), ..record() };
        assert_eq!(Decision::read(bad), Err(RecordError::TooLong));
        let bad = Record { explanation: vec![String::new(); 201], ..record() };
        assert_eq!(Decision::read(bad), Err(RecordError::TooLong));
    }
}
