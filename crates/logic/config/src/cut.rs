//! Need to know: what one door may learn of the rules of another. A rule is
//! cut to the callers this door can be, and dropped when none is left.

use model::{Principal, ServiceName, SpiffeId};
use policy::{Effect, From, Rule};

use crate::world::World;

/// Whose door it is: the identities it may hold.
#[derive(Clone, Debug)]
pub(crate) struct Eyes {
    callers: Vec<Principal>,
}

impl Eyes {
    pub(crate) fn of(identities: &[SpiffeId]) -> Self {
        Self { callers: identities.iter().cloned().map(Principal::Workload).collect() }
    }

    /// Whether a rule that names `from` speaks of this door.
    pub(crate) fn see(&self, from: &From) -> bool {
        self.callers.iter().any(|caller| from.covers(caller))
    }

    /// The rules as this door may know them.
    pub(crate) fn cut(&self, rules: Vec<Rule>) -> Vec<Rule> {
        rules.into_iter().filter_map(|rule| self.cut_rule(rule)).collect()
    }

    fn cut_rule(&self, rule: Rule) -> Option<Rule> {
        let from: Vec<From> = rule.from().iter().filter(|from| self.see(from)).cloned().collect();
        let Rule { name, effect, ports, http, .. } = rule;
        Some(Rule::new(name, effect, from).ok()?.on_ports(ports).for_http(http))
    }
}

/// The services a door may know of besides its own: those it may call, or, of
/// a gateway, those its routes lead to. In the order of their names.
pub(crate) fn callees(world: &World, door: &ServiceName) -> Vec<ServiceName> {
    if world.gateways().contains_key(door) {
        return routed(world, door);
    }
    let eyes = Eyes::of(&world.identities_of(door));
    let allows =
        |rule: &&Rule| rule.effect == Effect::Allow && rule.from().iter().any(|f| eyes.see(f));
    let may_reach = |name: &&ServiceName| world.rules(name).iter().any(|rule| allows(&rule));
    world.services().keys().filter(may_reach).cloned().collect()
}

fn routed(world: &World, gateway: &ServiceName) -> Vec<ServiceName> {
    let mut names: Vec<ServiceName> = world
        .documents()
        .filter_map(|document| document.spec.route())
        .filter(|spec| spec.parents.iter().any(|parent| *parent.gateway == *gateway))
        .flat_map(|spec| spec.rules.iter().flat_map(|rule| &rule.backends))
        .map(|backend| backend.service.value.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}
