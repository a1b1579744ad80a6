//! Who may be whom: the documents' identities and the attached processes, as
//! entries an agent can hand out. Pure.

use identity::is_reserved;
use model::{ServiceName, SpiffeId};
use wire::authority::Entry;

use crate::attachments::Attached;
use crate::documents::Current;

/// Every entry there is at present.
pub(crate) fn entries(current: &Current, attached: &Attached) -> Vec<Entry> {
    let world = &current.world;
    let mut entries: Vec<Entry> = world
        .identities()
        .iter()
        .filter(|(id, _)| is_ours(current, id))
        .map(|(id, selectors)| entry(current, id, selectors.clone()))
        .collect();
    if let Some(pid) = attached.resident {
        let doors = resident_doors(current);
        entries.extend(doors.iter().flat_map(|door| of_process(current, door, pid)));
    }
    for attachment in attached.leases.values() {
        entries.extend(of_process(current, &attachment.service, attachment.pid));
    }
    entries.dedup();
    entries
}

/// The doors one process holds for the whole host: of the services that are
/// run here, and of the gateways.
pub(crate) fn resident_doors(current: &Current) -> Vec<ServiceName> {
    let run = current.world.services().iter().filter(|(_, service)| service.run.is_some());
    run.map(|(name, _)| name).chain(current.world.gateways().keys()).cloned().collect()
}

/// An identity of our own trust domain that is not the mesh's own.
fn is_ours(current: &Current, id: &SpiffeId) -> bool {
    *id.trust_domain() == current.world.mesh().trust_domain && !is_reserved(id)
}

fn of_process<'a>(
    current: &'a Current,
    door: &ServiceName,
    pid: u32,
) -> impl Iterator<Item = Entry> + use<'a> {
    let hint = format!("{}/{}", door.namespace, door.name);
    let ids = current.world.identities_of(door).into_iter();
    ids.filter(|id| is_ours(current, id)).enumerate().map(move |(at, id)| {
        let hint = if at == 0 { hint.clone() } else { format!("{hint}#{at}") };
        Entry { hint, ..entry(current, &id, vec![format!("unix:pid:{pid}")]) }
    })
}

fn entry(current: &Current, id: &SpiffeId, selectors: Vec<String>) -> Entry {
    let mesh = current.world.mesh();
    Entry {
        spiffe_id: id.to_string(),
        selectors,
        lifetime_ms: mesh.svid_lifetime.0,
        renew_ms: mesh.svid_renew.0,
        hint: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use config::Source;
    use store::LeaseId;

    use super::*;
    use crate::attachments::Attachment;

    const TEXT: &str = "\
apiVersion: postern.dev/v1
kind: Mesh
metadata: {name: shop}
spec: {identity: {lifetime: 20s, renew: 6s}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: web}
spec: {ports: [{port: 80, protocol: http}], run: {command: [web]}}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: guest}
spec: {ports: [{port: 81, protocol: http}]}
---
apiVersion: postern.dev/v1
kind: MeshService
metadata: {name: twin}
spec:
  ports: [{port: 82, protocol: http}]
  servedBy: ['spiffe://shop/ns/default/sa/twin', 'spiffe://shop/ns/x/sa/y']
---
apiVersion: postern.dev/v1
kind: WorkloadIdentity
metadata: {name: reporter}
spec: {selectors: ['unix:uid:1000', 'unix:path:/usr/bin/python3']}
";

    fn current() -> Current {
        let sources = [Source { name: "a".into(), text: TEXT.into() }];
        let world = config::read(&sources).over(Vec::new()).unwrap();
        Current { generation: "1.2".parse().unwrap(), world }
    }

    fn attached(resident: Option<u32>, of: &[(&str, u32)]) -> Attached {
        let attachment = |(at, (name, pid)): (usize, &(&str, u32))| {
            let service = name.parse().unwrap();
            (LeaseId(at as u64), Attachment { service, pid: *pid })
        };
        Attached { leases: of.iter().enumerate().map(attachment).collect(), resident }
    }

    fn ids(attached: &Attached) -> Vec<(String, Vec<String>)> {
        let entries = entries(&current(), attached);
        entries.into_iter().map(|entry| (entry.spiffe_id, entry.selectors)).collect()
    }

    #[test]
    fn documents_give_identities_to_whoever_shows_their_selectors() {
        let entries = entries(&current(), &Attached::default());
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].spiffe_id, "spiffe://shop/ns/default/sa/reporter");
        assert_eq!(entries[0].selectors, ["unix:uid:1000", "unix:path:/usr/bin/python3"]);
        assert_eq!((entries[0].lifetime_ms, entries[0].renew_ms), (20_000, 6_000));
    }

    #[test]
    fn the_resident_process_may_be_the_door_of_what_is_run_here() {
        let ids = ids(&attached(Some(7), &[]));
        let web = ("spiffe://shop/ns/default/sa/web".to_owned(), vec!["unix:pid:7".to_owned()]);
        assert!(ids.contains(&web));
        assert_eq!(ids.len(), 2, "{ids:?}");
    }

    #[test]
    fn an_attached_process_may_be_its_service_and_nothing_else() {
        let ids = ids(&attached(None, &[("guest", 8), ("twin", 9), ("ghost", 10)]));
        let of = |pid: &str| ids.iter().filter(|(_, s)| s[0].ends_with(pid)).count();
        assert_eq!((of(":8"), of(":9"), of(":10")), (1, 2, 0), "{ids:?}");
    }

    #[test]
    fn hints_of_one_process_differ() {
        let entries = entries(&current(), &attached(None, &[("twin", 9)]));
        let hints: Vec<_> = entries.iter().map(|entry| entry.hint.as_str()).collect();
        assert_eq!(hints, ["", "default/twin", "default/twin#1"]);
    }
}
