//! `postern allow`, `deny` and `policy list|rm`: rules without writing YAML.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::documents;
use crate::admin::Admin;
use crate::answer::{Rule, Rules, read};
use crate::failure::Failure;
use crate::output::{self, FormatArg};
use crate::paint::Tint;
use crate::table::Table;

/// One rule: who, to whom, doing what.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  postern allow web orders --method GET --path '/v1/**'
  postern allow ops/admin shop/ledger
  postern deny namespace:intern payments

FROM is a service or identity (name, namespace/name), a spiffe:// id, `namespace:NS`, `anyone`
(any proved workload) or `anonymous` (a client at the gateway). In a path, * is one segment and
** the rest. A standing deny beats an allow: then `allow` exits 1 and names it.")]
pub(crate) struct RuleArgs {
    /// Who calls
    from: String,
    /// The service called
    to: String,
    /// Only this HTTP method
    #[arg(long, value_parser = parse_method)]
    method: Option<String>,
    /// Only paths of this template
    #[arg(long, value_name = "TEMPLATE", value_parser = parse_path)]
    path: Option<String>,
}

fn parse_method(text: &str) -> Result<String, String> {
    let good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if good { Ok(text.to_ascii_uppercase()) } else { Err("write a method such as GET".to_owned()) }
}

fn parse_path(text: &str) -> Result<String, String> {
    let template = text.parse::<policy::PathTemplate>();
    template.map(|template| template.to_string()).map_err(|error| error.to_string())
}

/// Lists or removes rules.
#[derive(Args, Debug)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    verb: PolicyVerb,
}

#[derive(Subcommand, Debug)]
enum PolicyVerb {
    /// List all rules
    #[command(after_help = "Example:\n  postern policy list -o json")]
    List {
        #[command(flatten)]
        output: FormatArg,
    },
    /// Remove a policy
    #[command(after_help = "Example:\n  postern policy rm allow-web-orders-1a2b3c4d")]
    Rm {
        /// The policy's name: NAME or NAMESPACE/NAME
        name: String,
        /// The namespace
        #[arg(short, long, default_value = "default")]
        namespace: String,
    },
}

/// `postern allow` and `postern deny`.
pub(crate) async fn add(effect: &str, args: &RuleArgs, admin: &Admin) -> Result<(), Failure> {
    let body = json!({
        "effect": effect,
        "from": args.from,
        "to": args.to,
        "method": args.method,
        "path": args.path,
    });
    let answer = admin.post("/v1/rules", &body).await.map_err(anyhow::Error::from)?;
    let text = |key| answer.get(key).and_then(Value::as_str).unwrap_or("?");
    let changed = answer.get("changed").and_then(Value::as_bool).unwrap_or(true);
    let state = if changed { "written" } else { "was there already" };
    output::say(&format!("policy {} {state}, generation {}", text("policy"), text("generation")));
    Ok(())
}

/// `postern policy`.
pub(crate) async fn policy(args: &PolicyArgs, admin: &Admin) -> Result<(), Failure> {
    match &args.verb {
        PolicyVerb::List { output } => {
            let answer = admin.get("/v1/rules").await.map_err(anyhow::Error::from)?;
            let found: Rules = read(&answer)?;
            output::show(output.format, &answer, |_| table(&found.rules))?;
        }
        PolicyVerb::Rm { name, namespace } => {
            let (namespace, name) = name.split_once('/').unwrap_or((namespace, name));
            documents::remove(admin, "Policy", namespace, name).await?;
        }
    }
    Ok(())
}

fn table(rules: &[Rule]) -> Table {
    let mut table = Table::new(
        &["EFFECT", "FROM", "TO", "WHAT", "POLICY"],
        "no rules: nobody may call anybody",
    );
    for rule in rules {
        let tint = if rule.effect == "deny" { Tint::Bad } else { Tint::Plain };
        let name = match rule.namespace.as_str() {
            "" | "default" => rule.policy.clone(),
            namespace => format!("{namespace}/{}", rule.policy),
        };
        table.row(tint, &[&rule.effect, &rule.from.join(", "), &rule.to, &what(rule), &name]);
    }
    table
}

fn what(rule: &Rule) -> String {
    let mut text =
        if rule.http.is_empty() { "everything".to_owned() } else { rule.http.join(", ") };
    if !rule.ports.is_empty() {
        let ports: Vec<_> = rule.ports.iter().map(ToString::to_string).collect();
        text.push_str(&format!(" on {}", ports.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_as_sentences() {
        let value = json!({"rules": [
            {"policy": "p", "namespace": "default", "effect": "allow", "from": ["web"], "to": "orders",
             "http": ["GET /v1/**"], "ports": [8080]},
            {"policy": "q", "namespace": "ops", "effect": "deny", "from": ["a", "b"], "to": "x"},
        ]});
        let text = table(&read::<Rules>(&value).unwrap().rules).render(false);
        assert!(text.contains("allow   web   orders  GET /v1/** on 8080  p"), "{text}");
        assert!(text.contains("deny    a, b  x       everything          ops/q"), "{text}");
    }

    #[test]
    fn methods_are_upper_cased_and_templates_checked() {
        assert_eq!(parse_method("get").as_deref(), Ok("GET"));
        assert!(parse_method("G T").is_err());
        assert_eq!(parse_path("/v1/**").as_deref(), Ok("/v1/**"));
        assert!(parse_path("v1").is_err());
    }
}
