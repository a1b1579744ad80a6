//! The doors and services of this `up`: kept equal to what the documents say,
//! also when they change while it runs.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use config::{Run, Source, World};
use model::{Generation, ServiceName, SpiffeId};
use proxy::{DoorHandle, DoorSpec, DoorStatus, Doors};

use super::event::Event;
use super::life::{House, Life, Pulse, Spec};
use crate::answer::{Documents, cell, read};
use crate::paint::Tint;

/// Who lives here.
pub(crate) struct Household {
    house: House,
    doors: Doors,
    members: BTreeMap<ServiceName, Member>,
    told: BTreeMap<ServiceName, Vec<String>>,
}

/// A door, and the service behind it when there is one to start.
struct Member {
    door: DoorHandle,
    wanted: Wanted,
    life: Option<Life>,
}

/// What the documents want of a door here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    id: SpiffeId,
    /// `None` for a gateway.
    run: Option<Run>,
}

/// What stands here, for the table.
pub(crate) struct Row<'a> {
    pub(crate) service: &'a ServiceName,
    pub(crate) door: DoorStatus,
    /// `None` for a gateway.
    pub(crate) pulse: Option<Pulse>,
}

impl Household {
    /// An empty one.
    pub(crate) fn new(house: House, doors: Doors) -> Self {
        Self { house, doors, members: BTreeMap::new(), told: BTreeMap::new() }
    }

    /// Fetches the documents and becomes what they say.
    pub(crate) async fn follow_documents(&mut self) -> anyhow::Result<()> {
        let answer = self.house.admin.get("/v1/documents").await?;
        let found: Documents = read(&answer)?;
        let since = found.generation.parse().unwrap_or_default();
        let wanted = wanted(&world(&found)?);
        self.become_wanted(wanted, since).await;
        Ok(())
    }

    async fn become_wanted(&mut self, wanted: BTreeMap<ServiceName, Wanted>, since: Generation) {
        let gone: Vec<_> = self
            .members
            .iter()
            .filter(|(name, member)| wanted.get(*name) != Some(&member.wanted))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            self.leave(&name).await;
        }
        for (name, wanted) in wanted {
            if !self.members.contains_key(&name) {
                self.enter(name, wanted, since);
            }
        }
    }

    fn enter(&mut self, service: ServiceName, wanted: Wanted, since: Generation) {
        let door = self.doors.add(DoorSpec {
            service: service.clone(),
            id: wanted.id.clone(),
            instance: instance(&service),
            serves: wanted.run.is_some(),
            has_app: wanted.run.is_some(),
        });
        let life = wanted.run.clone().map(|run| {
            let spec = Spec { service: service.clone(), id: wanted.id.clone(), run, since };
            Life::begin(self.house.clone(), spec, door.watch())
        });
        self.members.insert(service, Member { door, wanted, life });
    }

    async fn leave(&mut self, service: &ServiceName) {
        let Some(member) = self.members.remove(service) else { return };
        self.told.remove(service);
        if let Some(life) = member.life {
            life.ended().await;
        }
        member.door.close();
        self.house.screen.event(&Event::of(service, "service-left", "left the mesh"));
    }

    /// Whether every door is open and every service runs.
    pub(crate) fn is_ready(&self) -> bool {
        self.members.values().all(|member| {
            let runs = member.life.as_ref().is_none_or(|life| life.pulse().pid.is_some());
            member.door.status().ready && runs
        })
    }

    /// The addresses of the gateways' listeners.
    pub(crate) fn edges(&self) -> Vec<String> {
        let statuses = self.members.values().map(|member| member.door.status());
        statuses
            .flat_map(|status| status.edges)
            .map(|(_, address)| format!("https://{address}"))
            .collect()
    }

    /// Tells what doors refuse or lack, once each.
    pub(crate) fn tell_problems(&mut self) {
        for (service, member) in &self.members {
            let status = member.door.status();
            let refused = status.refused.map(|why| format!("refused the new generation: {why}"));
            let problems: Vec<_> = refused.into_iter().chain(status.problems).collect();
            let told = self.told.entry(service.clone()).or_default();
            for problem in problems.iter().filter(|problem| !told.contains(problem)) {
                let event = Event::of(service, "door-problem", problem.clone());
                self.house.screen.event(&event.tinted(Tint::Warn));
            }
            *told = problems;
        }
    }

    /// Everyone, by name.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.members.iter().map(|(service, member)| Row {
            service,
            door: member.door.status(),
            pulse: member.life.as_ref().map(Life::pulse),
        })
    }

    /// Drains the doors, then stops the services.
    pub(crate) async fn close(self, within: Duration) {
        self.doors.drain(within).await;
        let lives: Vec<_> = self.members.into_values().filter_map(|member| member.life).collect();
        lives.iter().for_each(Life::ask_to_stop);
        for life in lives {
            life.ended().await;
        }
    }
}

/// Ends the names of the instances that live in an `up`.
pub(super) const RESIDENT: &str = "-up";

/// The name of this `up`'s instance: the same after a restart, so that it takes
/// its own place again.
fn instance(service: &ServiceName) -> String {
    format!("{}.{}{RESIDENT}", service.name, service.namespace)
}

/// The stored documents, checked once more.
fn world(found: &Documents) -> anyhow::Result<World> {
    let sources: Vec<_> = found
        .documents
        .iter()
        .map(|document| Source { name: document.key.clone(), text: cell(&document.json) })
        .collect();
    match config::read(&sources).over(Vec::new()) {
        Ok(world) => Ok(world),
        Err(problems) => {
            let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
            bail!("the stored documents do not fit together: {}", texts.join("; "))
        }
    }
}

/// The doors this `up` has to hold: one for each service it starts and one for
/// each gateway.
fn wanted(world: &World) -> BTreeMap<ServiceName, Wanted> {
    let services = world.services().iter().filter_map(|(name, service)| {
        let run = service.run.clone()?;
        Some((name.clone(), Some(run)))
    });
    let gateways = world.gateways().keys().map(|name| (name.clone(), None));
    services
        .chain(gateways)
        .filter_map(|(name, run)| {
            let id = world.identities_of(&name).into_iter().next()?;
            Some((name, Wanted { id, run }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(texts: &[&str]) -> Documents {
        let documents = texts
            .iter()
            .map(|text| crate::answer::Document {
                key: "x".to_owned(),
                yaml: String::new(),
                json: serde_json::from_str(text).unwrap(),
            })
            .collect();
        Documents { generation: "1.1".to_owned(), documents }
    }

    const RUN: &str = r#"{"apiVersion": "postern.dev/v1", "kind": "MeshService", "metadata": {"name": "web"},
        "spec": {"ports": [{"port": 80, "protocol": "http"}], "run": {"command": ["true"]}}}"#;
    const APART: &str = r#"{"apiVersion": "postern.dev/v1", "kind": "MeshService", "metadata": {"name": "db"},
        "spec": {"ports": [{"port": 81, "protocol": "tcp"}]}}"#;

    #[test]
    fn only_services_with_a_command_get_a_door_here() {
        let wanted = wanted(&world(&documents(&[RUN, APART])).unwrap());
        let names: Vec<_> = wanted.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["web"]);
        let web = wanted.values().next().unwrap();
        assert_eq!(web.id.to_string(), "spiffe://mesh/ns/default/sa/web");
    }

    #[test]
    fn documents_that_do_not_fit_are_an_error() {
        let policy = r#"{"apiVersion": "postern.dev/v1", "kind": "Policy", "metadata": {"name": "p"},
            "spec": {"to": "nobody", "allow": [{"from": "anyone"}]}}"#;
        assert!(world(&documents(&[policy])).is_err());
    }
}
