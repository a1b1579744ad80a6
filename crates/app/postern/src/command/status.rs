//! `postern status`: how the mesh is, or waiting until it is ready.

use std::io::stdout;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use super::apply::warning_text;
use crate::admin::{Admin, AdminError};
use crate::answer::{Status, read};
use crate::failure::Failure;
use crate::output::{self, FormatArg};
use crate::paint::{Tint, is_colourful, paint};
use crate::table::Table;

const POLL_TIME: Duration = Duration::from_millis(50);

/// How to show it.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  postern status
  postern status --wait 10s && curl -k https://127.0.0.1:8443/")]
pub(crate) struct StatusArgs {
    /// Wait until the mesh is ready, so long at most; exit 1 when it is not
    #[arg(long, value_name = "TIME", value_parser = crate::span::parse, num_args = 0..=1, default_missing_value = "30s")]
    wait: Option<Duration>,
    #[command(flatten)]
    output: FormatArg,
}

/// `postern status`.
pub(crate) async fn status(args: &StatusArgs, admin: &Admin) -> Result<(), Failure> {
    let deadline = args.wait.map(|wait| Instant::now() + wait);
    let (answer, status) = loop {
        let outcome = ask(admin).await;
        let late = deadline.is_none_or(|deadline| Instant::now() >= deadline);
        match outcome {
            Ok((answer, status)) if late || status.ready => break (answer, status),
            Err(error) if late || !is_away(&error) => return Err(error.into()),
            _ => tokio::time::sleep(POLL_TIME).await,
        }
    };
    match output::structured(args.output.format, &answer)? {
        Some(text) => output::say(&text),
        None => output::say(&render(&status, is_colourful(&stdout()))),
    }
    if args.wait.is_some() && !status.ready {
        return Err(Failure::refused("the mesh is not ready"));
    }
    Ok(())
}

async fn ask(admin: &Admin) -> anyhow::Result<(Value, Status)> {
    let answer = admin.get("/v1/status").await?;
    let status = read(&answer)?;
    Ok((answer, status))
}

fn is_away(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(AdminError::Away { .. }))
}

/// The whole picture as text.
pub(crate) fn render(status: &Status, colours: bool) -> String {
    let (word, tint) = if status.ready { ("ready", Tint::Good) } else { ("not ready", Tint::Warn) };
    let mut text = format!(
        "mesh {} ({}), generation {}, {}\n",
        paint(&status.mesh, Tint::Bold, colours),
        status.trust_domain,
        status.generation,
        paint(word, tint, colours)
    );
    for warning in &status.warnings {
        let mark = paint("warning", Tint::Warn, colours);
        text.push_str(&format!("{mark}: {}\n", warning_text(warning)));
    }
    text.push('\n');
    text.push_str(&services(status).render(colours));
    if !status.doors.is_empty() {
        text.push('\n');
        text.push_str(&doors(status).render(colours));
    }
    text
}

/// The services with their ports and whether somebody serves them.
fn services(status: &Status) -> Table {
    let mut table = Table::new(&["SERVICE", "PORTS", "INSTANCES", "STATE"], "no services");
    for service in &status.services {
        let ports: Vec<_> =
            service.ports.iter().map(|port| format!("{}/{}", port.port, port.protocol)).collect();
        let connected = service.instances.iter().filter(|instance| instance.connected).count();
        let count = format!("{connected}/{}", service.instances.len());
        let (state, tint) = match (service.ready, service.run) {
            (true, _) => ("ready", Tint::Good),
            (false, true) => ("not ready", Tint::Warn),
            (false, false) if ports.is_empty() => ("only calls", Tint::Dim),
            (false, false) => ("nobody serves it", Tint::Dim),
        };
        table.row(tint, &[&service.name, &ports.join(","), &count, state]);
    }
    table
}

/// The doors with the generation they run.
fn doors(status: &Status) -> Table {
    let mut table = Table::new(&["DOOR", "INSTANCE", "GENERATION", "STATE"], "no doors");
    for door in &status.doors {
        let generation = door.generation.as_deref().unwrap_or("-");
        let (state, tint) = match (&door.refused, door.connected) {
            (Some(why), _) => (format!("refused: {why}"), Tint::Bad),
            (None, false) => ("away".to_owned(), Tint::Warn),
            (None, true) if generation == status.generation => {
                ("up to date".to_owned(), Tint::Good)
            }
            (None, true) => ("behind".to_owned(), Tint::Warn),
        };
        table.row(tint, &[&door.door, &door.instance, generation, &state]);
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shop() -> Status {
        read(&json!({
            "mesh": "shop", "trustDomain": "shop.example", "generation": "1.4", "ready": false,
            "warnings": ["careful"],
            "services": [
                {"name": "web", "ports": [{"port": 8080, "protocol": "http"}], "run": true, "ready": true,
                 "instances": [{"name": "web-1", "connected": true}, {"name": "web-0", "connected": false}]},
                {"name": "db", "ports": [{"port": 1, "protocol": "tcp"}], "run": false, "ready": false, "instances": []},
                {"name": "job", "ports": [], "run": false, "ready": false, "instances": []},
            ],
            "doors": [
                {"door": "web", "instance": "web-1", "generation": "1.4", "refused": null, "connected": true},
                {"door": "db", "instance": "db-1", "generation": "1.3", "refused": "too new", "connected": true},
                {"door": "x", "instance": "x-1", "generation": "1.3", "refused": null, "connected": true},
            ],
        }))
        .unwrap()
    }

    #[test]
    fn the_picture_says_who_serves_what() {
        let text = render(&shop(), false);
        assert!(
            text.starts_with("mesh shop (shop.example), generation 1.4, not ready\n"),
            "{text}"
        );
        assert!(text.contains("warning: careful"), "{text}");
        assert!(text.contains("web      8080/http  1/2        ready"), "{text}");
        assert!(text.contains("db       1/tcp      0/0        nobody serves it"), "{text}");
        assert!(text.contains("job                 0/0        only calls"), "{text}");
    }

    #[test]
    fn doors_that_refused_or_lag_say_so() {
        let text = doors(&shop()).render(false);
        assert!(text.contains("refused: too new"), "{text}");
        assert!(text.contains("behind") && text.contains("up to date"), "{text}");
    }
}
