//! `postern get` and `postern delete`: documents of the running mesh.

use clap::Args;
use serde_json::Value;

use crate::admin::{Admin, escape};
use crate::answer::{Documents, read};
use crate::failure::Failure;
use crate::output::{self, Format, FormatArg};
use crate::paint::Tint;
use crate::reference::{Reference, ReferenceArgs};
use crate::table::Table;

/// Which documents to show.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  postern get                          all documents
  postern get policies
  postern get policy clerks-read -o yaml
  postern get -o yaml > backup.yaml")]
pub(crate) struct GetArgs {
    #[command(flatten)]
    reference: ReferenceArgs,
    #[command(flatten)]
    output: FormatArg,
}

/// Which document to delete.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  postern delete policy clerks-read
  postern delete Policy/shop/clerks-read")]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    reference: ReferenceArgs,
}

/// `postern get`: a table, the documents as YAML, or as a JSON list.
pub(crate) async fn get(args: &GetArgs, admin: &Admin) -> Result<(), Failure> {
    let wanted = args.reference.read().map_err(usage)?;
    let uri = wanted.as_ref().map_or_else(|| "/v1/documents".to_owned(), query);
    let answer = admin.get(&uri).await.map_err(anyhow::Error::from)?;
    let found: Documents = read(&answer)?;
    if let Some(name) = wanted.as_ref().and_then(|wanted| wanted.name.as_deref())
        && found.documents.is_empty()
    {
        return Err(Failure::refused(format!("no document named `{name}`")));
    }
    match args.output.format {
        Format::Table => output::show(Format::Table, &answer, |_| table(&found))?,
        Format::Json => {
            let list: Vec<Value> = found.documents.into_iter().map(|d| as_json(d.json)).collect();
            output::say(&serde_json::to_string_pretty(&list).map_err(anyhow::Error::from)?);
        }
        Format::Yaml => {
            let texts: Vec<_> = found.documents.iter().map(|d| d.yaml.trim_end()).collect();
            output::say(&texts.join("\n---\n"));
        }
    }
    Ok(())
}

fn usage(error: anyhow::Error) -> Failure {
    Failure::Usage(error.to_string())
}

fn query(reference: &Reference) -> String {
    let mut uri = format!("/v1/documents?kind={}", reference.kind);
    let parts = [("namespace", &reference.namespace), ("name", &reference.name)];
    for (key, value) in parts {
        if let Some(value) = value {
            uri.push_str(&format!("&{key}={}", escape(value)));
        }
    }
    uri
}

/// A document sent as a JSON value, or as the text of one.
fn as_json(value: Value) -> Value {
    match &value {
        Value::String(text) => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    }
}

fn table(found: &Documents) -> Table {
    let mut table = Table::new(&["KIND", "NAMESPACE", "NAME"], "no documents");
    for document in &found.documents {
        let mut parts = document.key.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        table.row(Tint::Plain, &[part(), part(), part()]);
    }
    table
}

/// `postern delete`.
pub(crate) async fn delete(args: &DeleteArgs, admin: &Admin) -> Result<(), Failure> {
    let which = || Failure::Usage("say which one: postern delete KIND NAME".to_owned());
    let reference = args.reference.read().map_err(usage)?.ok_or_else(which)?;
    let name = reference.name.as_ref().ok_or_else(which)?;
    let namespace = reference.namespace.as_deref().unwrap_or("default");
    remove(admin, reference.kind, namespace, name).await
}

/// Deletes one document and says the new generation.
pub(crate) async fn remove(
    admin: &Admin,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<(), Failure> {
    let uri = format!("/v1/documents/{}/{}/{}", escape(kind), escape(namespace), escape(name));
    let answer = admin.delete(&uri).await.map_err(anyhow::Error::from)?;
    let generation = answer.get("generation").and_then(Value::as_str).unwrap_or("?");
    output::say(&format!("deleted {kind}/{namespace}/{name}, generation {generation}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_becomes_a_query() {
        let all = Reference { kind: "Policy", namespace: None, name: None };
        assert_eq!(query(&all), "/v1/documents?kind=Policy");
        let one =
            Reference { kind: "Policy", namespace: Some("a".into()), name: Some("b&c".into()) };
        assert_eq!(query(&one), "/v1/documents?kind=Policy&namespace=a&name=b%26c");
    }

    #[test]
    fn a_document_may_come_as_text() {
        assert_eq!(as_json(Value::String("{\"a\":1}".into())), serde_json::json!({"a": 1}));
        assert_eq!(as_json(serde_json::json!({"a": 1})), serde_json::json!({"a": 1}));
    }
}
