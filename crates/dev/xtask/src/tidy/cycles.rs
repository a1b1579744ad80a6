//! No knots: the modules of a crate import each other in one direction. A
//! parent that only declares its children may be used by them.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::modules::{Graph, graph};
use crate::workspace::Member;

/// One finding for each knot, naming a way around it.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    members.iter().flat_map(|member| knots(&member.name, &graph(member))).collect()
}

fn knots(name: &str, graph: &Graph) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for start in graph.keys() {
        if told.contains(start) {
            continue;
        }
        if let Some(way) = way_back(graph, start) {
            told.extend(way.iter().cloned());
            findings.push(format!(
                "crate `{name}` has a module cycle: {} -> {start}: move what both need into a \
                 module of its own",
                way.join(" -> ")
            ));
        }
    }
    findings
}

/// The shortest way from a module back to itself.
fn way_back(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = vec![start];
    while !next.is_empty() {
        let mut after = Vec::new();
        for module in next {
            for used in graph.get(module).into_iter().flatten() {
                if used == start {
                    return Some(trace(&came_from, start, module));
                }
                if !came_from.contains_key(used.as_str()) {
                    came_from.insert(used, module);
                    after.push(used.as_str());
                }
            }
        }
        next = after;
    }
    None
}

fn trace(came_from: &BTreeMap<&str, &str>, start: &str, end: &str) -> Vec<String> {
    let mut way = vec![end.to_owned()];
    let mut at = end;
    while at != start {
        let Some(before) = came_from.get(at) else { break };
        way.push((*before).to_owned());
        at = before;
    }
    way.reverse();
    way
}
