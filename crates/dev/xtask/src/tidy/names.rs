//! Every metric has its name in one place, so that dashboards and alerts can
//! be held against it.

use super::Finding;
use super::modules::without_tests;
use crate::workspace::Member;

const PREFIX: &str = "\"postern_";
const PLACE: &str = "names.rs";

/// Metric names written anywhere but in telemetry's list.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members.iter().filter(|member| member.floor != "dev") {
        for source in &member.sources {
            let listed = member.name == "telemetry" && source.path.ends_with(PLACE);
            let test = source.path.ends_with("tests.rs");
            if !listed && !test && without_tests(&source.text).contains(PREFIX) {
                findings.push(format!(
                    "{}: {} spells a metric name: use telemetry's names.rs",
                    member.name,
                    source.path.display()
                ));
            }
        }
    }
    findings
}
