//! `postern identity list|show`: the identities of the mesh and which
//! processes get them.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::admin::Admin;
use crate::answer::{Identities, Identity, cell, read};
use crate::failure::Failure;
use crate::output::{self, FormatArg};
use crate::paint::Tint;
use crate::table::Table;

/// Shows identities.
#[derive(Args, Debug)]
pub(crate) struct IdentityArgs {
    #[command(subcommand)]
    verb: IdentityVerb,
}

#[derive(Subcommand, Debug)]
enum IdentityVerb {
    /// List all identities
    #[command(after_help = "Example:\n  postern identity list")]
    List {
        #[command(flatten)]
        output: FormatArg,
    },
    /// Show one identity
    #[command(
        after_help = "Example:\n  postern identity show web\n  postern identity show spiffe://shop.example/ns/default/sa/web -o json"
    )]
    Show {
        /// A service's name, or a spiffe:// id
        name: String,
        #[command(flatten)]
        output: FormatArg,
    },
}

/// `postern identity`.
pub(crate) async fn identity(args: &IdentityArgs, admin: &Admin) -> Result<(), Failure> {
    let answer = admin.get("/v1/identities").await.map_err(anyhow::Error::from)?;
    let found: Identities = read(&answer)?;
    match &args.verb {
        IdentityVerb::List { output } => {
            output::show(output.format, &answer, |_| list(&found.identities))?;
        }
        IdentityVerb::Show { name, output } => {
            let one = pick(&found.identities, name)?;
            let same = found.identities.iter().filter(|other| other.id == one.id);
            let value = json!({
                "id": one.id,
                "lifetime": one.lifetime,
                "renew": one.renew,
                "givenTo": same.map(|entry| &entry.selectors).collect::<Vec<_>>(),
            });
            let given = holders(&found.identities, &one.id);
            output::show(output.format, &value, |_| details(one, &given))?;
        }
    }
    Ok(())
}

fn pick<'a>(all: &'a [Identity], name: &str) -> Result<&'a Identity, Failure> {
    let wanted: Option<model::ServiceName> = name.parse().ok();
    let is_it = |identity: &Identity| {
        let service = identity.id.parse().ok().and_then(|id: model::SpiffeId| id.service());
        identity.id == name || (wanted.is_some() && service == wanted)
    };
    let found = all.iter().find(|identity| is_it(identity));
    found.ok_or_else(|| Failure::refused(format!("no identity named `{name}`")))
}

fn list(all: &[Identity]) -> Table {
    let mut table = Table::new(&["ID", "LIFETIME", "RENEWED", "GIVEN TO"], "no identities");
    let mut ids: Vec<_> = all.iter().map(|identity| identity.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    for identity in ids.iter().filter_map(|id| all.iter().find(|identity| identity.id == *id)) {
        let (life, renew) = (cell(&identity.lifetime), cell(&identity.renew));
        let given = holders(all, &identity.id);
        table.row(Tint::Plain, &[&identity.id, &life, &renew, &given]);
    }
    table
}

/// Everybody who gets the identity: one entry suffices, of each all selectors
/// have to hold.
fn holders(all: &[Identity], id: &str) -> String {
    let same = all.iter().filter(|identity| identity.id == id);
    same.map(given_to).collect::<Vec<_>>().join(", or ")
}

fn given_to(identity: &Identity) -> String {
    if identity.selectors.is_empty() {
        return "nobody now".to_owned();
    }
    identity.selectors.join(" and ")
}

fn details(identity: &Identity, given: &str) -> Table {
    let mut table = Table::new(&["WHAT", "VALUE"], "no identity");
    table.row(Tint::Plain, &["id", &identity.id]);
    table.row(Tint::Plain, &["lifetime", &cell(&identity.lifetime)]);
    table.row(Tint::Plain, &["renewed every", &cell(&identity.renew)]);
    table.row(Tint::Plain, &["given to", given]);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_found_by_service_or_id() {
        let id = |id: &str| Identity { id: id.to_owned(), ..Identity::default() };
        let all = [id("spiffe://m/ns/default/sa/web"), id("spiffe://m/other")];
        for name in ["web", "default/web"] {
            assert_eq!(pick(&all, name).unwrap().id, "spiffe://m/ns/default/sa/web");
        }
        assert_eq!(pick(&all, "spiffe://m/other").unwrap().id, "spiffe://m/other");
        assert!(pick(&all, "ops/web").is_err());
    }

    #[test]
    fn an_identity_given_to_several_is_listed_once() {
        let to = |pid: u32| Identity {
            id: "spiffe://m/a".to_owned(),
            selectors: vec!["unix:uid:0".to_owned(), format!("unix:pid:{pid}")],
            ..Identity::default()
        };
        let text = list(&[to(1), to(2)]).render(false);
        assert_eq!(text.matches("spiffe://m/a").count(), 1, "{text}");
        let both = "unix:uid:0 and unix:pid:1, or unix:uid:0 and unix:pid:2";
        assert!(text.contains(both), "{text}");
    }
}
