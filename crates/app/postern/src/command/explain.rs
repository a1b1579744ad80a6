//! `postern explain ID`: from the opaque id of a refusal to the rule and the
//! clause that decided.

use clap::Args;

use crate::admin::{Admin, escape};
use crate::answer::{Decision, cell, read};
use crate::failure::Failure;
use crate::output::{self, FormatArg};

/// Which decision.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  postern explain 7k2m9q4x8n1p5r3t6v0w

The id stands in the body of the refusal and in its `postern-decision` header.")]
pub(crate) struct ExplainArgs {
    /// The id the caller got
    id: String,
    #[command(flatten)]
    output: FormatArg,
}

/// `postern explain`.
pub(crate) async fn explain(args: &ExplainArgs, admin: &Admin) -> Result<(), Failure> {
    let id = args.id.trim();
    if let Err(error) = id.parse::<model::DecisionId>() {
        return Err(Failure::Usage(error.to_string()));
    }
    let uri = format!("/v1/decisions/{}", escape(id));
    let answer = admin.get(&uri).await.map_err(anyhow::Error::from)?;
    let decision: Decision = read(&answer)?;
    match output::structured(args.output.format, &answer)? {
        Some(text) => output::say(&text),
        None => output::say(&render(&decision)),
    }
    Ok(())
}

fn render(decision: &Decision) -> String {
    let verdict = if decision.allowed { "allowed" } else { "refused" };
    let what = match (&decision.method, &decision.path) {
        (Some(method), Some(path)) if !method.is_empty() => format!("{method} {path}"),
        _ => decision.action.clone(),
    };
    // A port of 0 is one that no service was found for.
    let port = if decision.port == 0 { String::new() } else { format!(" port {}", decision.port) };
    let mut text = format!(
        "{verdict}: {} → {}{port}: {what}\n",
        decision.caller,
        decision.service.trim_start_matches("default/"),
    );
    for line in &decision.explanation {
        text.push_str(&format!("  {line}\n"));
    }
    if let Some(rule) = decision.rule.as_deref().filter(|rule| !rule.is_empty()) {
        text.push_str(&format!("rule: {rule}\n"));
    }
    text.push_str(&format!(
        "decided at {} by the {} door of {} under generation {}, id {}\n",
        cell(&decision.time),
        decision.role,
        decision.door,
        decision.generation,
        decision.id
    ));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_told_with_its_clauses() {
        let decision = read(&json!({
            "id": "x", "time": "2026-11-22T05:00:00Z", "generation": "1.4", "role": "inbound",
            "door": "orders", "caller": "spiffe://shop/ns/default/sa/web", "service": "orders",
            "port": 8080, "action": "http", "method": "DELETE", "path": "/v1/orders/7",
            "allowed": false, "rule": null, "explanation": ["nearest: p allow[0]", "method: wanted GET, saw DELETE"],
        }))
        .unwrap();
        let text = render(&decision);
        assert!(text.starts_with(
            "refused: spiffe://shop/ns/default/sa/web → orders port 8080: DELETE /v1/orders/7\n"
        ));
        assert!(text.contains("  method: wanted GET, saw DELETE\n"), "{text}");
        assert!(!text.contains("rule:"), "{text}");
    }
}
