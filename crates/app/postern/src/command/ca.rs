//! `postern ca show`: the authority's certificates, never its keys.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::admin::Admin;
use crate::answer::cell;
use crate::failure::Failure;
use crate::output::{self, FormatArg};
use crate::paint::Tint;
use crate::table::Table;

/// Shows the authority.
#[derive(Args, Debug)]
pub(crate) struct CaArgs {
    #[command(subcommand)]
    verb: CaVerb,
}

#[derive(Subcommand, Debug)]
enum CaVerb {
    /// Show root and intermediate
    #[command(after_help = "Example:\n  postern ca show -o yaml")]
    Show {
        #[command(flatten)]
        output: FormatArg,
    },
}

/// `postern ca`.
pub(crate) async fn ca(args: &CaArgs, admin: &Admin) -> Result<(), Failure> {
    let CaVerb::Show { output } = &args.verb;
    let answer = admin.get("/v1/ca").await.map_err(anyhow::Error::from)?;
    output::show(output.format, &answer, table)?;
    Ok(())
}

/// One row per value, nested ones under a dotted name. Whole certificates are
/// in the other formats.
fn table(answer: &Value) -> Table {
    let mut table = Table::new(&["WHAT", "VALUE"], "no authority");
    flatten(&mut table, "", answer);
    table
}

fn flatten(table: &mut Table, name: &str, value: &Value) {
    let under = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, inner)| flatten(table, &under(key), inner));
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (at, inner) in items.iter().enumerate() {
                flatten(table, &under(&at.to_string()), inner);
            }
        }
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().map(cell).collect();
            table.row(Tint::Plain, &[name, &texts.join(", ")]);
        }
        Value::String(text) if text.starts_with("-----BEGIN") => {}
        plain => table.row(Tint::Plain, &[name, &cell(plain)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_values_get_dotted_names() {
        let value = serde_json::json!({"root": {"serial": "01", "ids": ["a", "b"], "pem": "-----BEGIN X-----"}});
        let text = table(&value).render(false);
        assert!(
            text.contains("root.ids     a, b\n") && text.contains("root.serial  01\n"),
            "{text}"
        );
    }
}
