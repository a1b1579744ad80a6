//! The table on the terminal of `up`: a pure picture of the household.

use super::household::Row;
use super::life::Pulse;
use crate::answer::{Door, Status};
use crate::paint::{Tint, paint};
use crate::table::Table;

/// The picture, ended by a newline.
pub(crate) fn picture<'a>(
    status: &Status,
    rows: impl Iterator<Item = Row<'a>>,
    colours: bool,
) -> String {
    let mut table = Table::new(
        &["SERVICE", "DOOR", "PROCESS", "RESTARTS", "GENERATION", "STATE"],
        "no services yet: apply documents, or attach one with `postern run`",
    );
    let mut names = Vec::new();
    for row in rows {
        names.push(row.service.to_string());
        add(&mut table, &row);
    }
    for service in status.services.iter().filter(|service| !names.contains(&service.name)) {
        let here = |door: &&Door| door.door == service.name && door.connected;
        let door = status.doors.iter().find(here);
        let generation = door.and_then(|door| door.generation.as_deref()).unwrap_or("-");
        let (state, tint) = match door {
            Some(_) => ("attached", Tint::Good),
            None => ("nobody serves it", Tint::Dim),
        };
        table.row(tint, &[&service.name, "-", "-", "-", generation, state]);
    }
    let (word, tint) = if status.ready { ("ready", Tint::Good) } else { ("starting", Tint::Warn) };
    format!(
        "\nmesh {}, generation {}, {}\n{}",
        paint(&status.trust_domain, Tint::Bold, colours),
        status.generation,
        paint(word, tint, colours),
        table.render(colours)
    )
}

fn add(table: &mut Table, row: &Row<'_>) {
    let door = row.door.edges.first().map(|edge| format!("https://{}", edge.1));
    let door = door.or_else(|| row.door.inbound.map(|address| address.to_string()));
    let (process, restarts) = match &row.pulse {
        None => ("gateway".to_owned(), "-".to_owned()),
        Some(Pulse { pid: Some(pid), restarts }) => (format!("pid {pid}"), restarts.to_string()),
        Some(Pulse { pid: None, restarts }) => ("-".to_owned(), restarts.to_string()),
    };
    let runs = row.pulse.as_ref().is_none_or(|pulse| pulse.pid.is_some());
    let (state, tint) = match (row.door.ready, runs) {
        (true, true) => ("ready", Tint::Good),
        (true, false) => ("not running", Tint::Bad),
        (false, _) => ("door opens", Tint::Warn),
    };
    let generation = row.door.generation.to_string();
    let door = door.unwrap_or_else(|| "-".to_owned());
    table.row(tint, &[&row.service.to_string(), &door, &process, &restarts, &generation, state]);
}

#[cfg(test)]
mod tests {
    use model::ServiceName;
    use proxy::DoorStatus;

    use super::*;

    #[test]
    fn everyone_has_a_line() {
        let (web, edge): (ServiceName, ServiceName) =
            ("web".parse().unwrap(), "edge".parse().unwrap());
        let ready = DoorStatus { ready: true, ..DoorStatus::default() };
        let listening = DoorStatus {
            edges: vec![("edge/https".to_owned(), "127.0.0.1:8443".parse().unwrap())],
            ..ready.clone()
        };
        let rows = [
            Row { service: &edge, door: listening, pulse: None },
            Row { service: &web, door: ready, pulse: Some(Pulse { pid: Some(7), restarts: 2 }) },
        ];
        let status = crate::answer::read(&serde_json::json!({
            "trustDomain": "shop.example", "generation": "1.1", "ready": true,
            "services": [{"name": "web"}, {"name": "db"}],
        }))
        .unwrap();
        let text = picture(&status, rows.into_iter(), false);
        assert!(text.contains("mesh shop.example, generation 1.1, ready"), "{text}");
        assert!(text.contains("https://127.0.0.1:8443  gateway"), "{text}");
        assert!(text.contains("pid 7    2"), "{text}");
        assert!(text.contains("nobody serves it"), "{text}");
    }
}
