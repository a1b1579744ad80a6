//! Step four: may it. The policy crate answers with a permit that carries the
//! upstream, and nothing behind this step can be reached without one.

use model::Principal;
use policy::{Action, Permit};

use crate::errand::Errand;
use crate::fault::Fault;
use crate::routed::{AtEdge, Routed, Upstream};
use crate::world::World;

/// Judges a routed HTTP request as it will be sent on.
pub(crate) fn decide(
    ex: &Errand,
    world: &World,
    routed: Routed,
) -> Result<Permit<Upstream>, Fault> {
    match (routed.upstream, routed.edge) {
        (Upstream::App(at), None) => inbound(ex, world, at, routed.upstream),
        (upstream, Some(AtEdge { listener: edge, .. })) => {
            let refused = Fault::Denied { rule: None };
            let Some(tables) = world.edges.get(edge) else { return Err(refused) };
            let Some(edge) = world.snapshot.edges.get(edge) else { return Err(refused) };
            let asked = ex.asked.borrow();
            let action = Action::Http { method: &asked.method, path: &asked.path };
            let judged = tables.anyone.decide(&edge.policy, &action, upstream);
            judged.map_err(|denied| Fault::Denied { rule: denied.rule })
        }
        (Upstream::Service(at), None) => reach(world, at),
    }
}

fn inbound(
    ex: &Errand,
    world: &World,
    at: usize,
    upstream: Upstream,
) -> Result<Permit<Upstream>, Fault> {
    let Some(inbound) = world.snapshot.inbound.get(at) else {
        return Err(Fault::Denied { rule: None });
    };
    let mut narrowed = ex.session.narrowed.borrow_mut();
    if narrowed.as_ref().is_none_or(|(version, _)| *version != world.version) {
        let fresh = inbound.policy.narrow(&ex.session.caller.principal, inbound.port);
        *narrowed = Some((world.version, fresh));
    }
    let asked = ex.asked.borrow();
    let action = Action::Http { method: &asked.method, path: &asked.path };
    let judged = match &*narrowed {
        Some((_, narrowed)) => narrowed.decide(&inbound.policy, &action, upstream),
        None => return Err(Fault::Denied { rule: None }),
    };
    judged.map_err(|denied| Fault::Denied { rule: denied.rule })
}

/// At the caller's own door: whether it may call the service at all. What it
/// may do there the callee's door judges.
pub(crate) fn reach(world: &World, at: usize) -> Result<Permit<Upstream>, Fault> {
    let refused = |rule| Fault::Denied { rule };
    let tables = world.services.get(at).ok_or(refused(None))?;
    tables.own.reach(Upstream::Service(at)).map_err(|denied| refused(denied.rule))
}

/// Whether a TCP stream of `caller` to the app's port `at` may open.
pub(crate) fn connect(
    world: &World,
    at: usize,
    caller: &Principal,
) -> Result<Permit<Upstream>, Fault> {
    let refused = |rule| Fault::Denied { rule };
    let inbound = world.snapshot.inbound.get(at).ok_or(refused(None))?;
    let narrowed = inbound.policy.narrow(caller, inbound.port);
    let judged = narrowed.decide(&inbound.policy, &Action::Connect, Upstream::App(at));
    judged.map_err(|denied| refused(denied.rule))
}
