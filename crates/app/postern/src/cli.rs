//! The command line as a whole: the list of verbs and what all of them share.
//! Each verb's own flags stand beside the verb.

use clap::{Parser, Subcommand};

use crate::command;
use crate::flags::Global;
use crate::{doorway, echo, run, up};

/// Identity, mutual TLS and default-deny policy between your services.
#[derive(Parser, Debug)]
#[command(
    name = "postern",
    version,
    max_term_width = 100,
    after_help = "Examples:
  postern up examples/shop            start a mesh from documents
  postern run --name a --port 8000 -- python3 -m http.server 8000
  postern allow web orders --method GET --path '/v1/**'
  postern status

Exit codes: 0 ok, 1 refused or failed, 2 wrong usage."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The verbs.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Start a mesh: authority, control plane, and a door for each service
    Up(Box<up::UpArgs>),
    /// Start a command behind its own door, attached to a running `up`
    Run(run::RunArgs),
    /// A test service: answers with what it saw, can call onward
    Echo(echo::EchoArgs),
    /// Write a commented starter set of documents
    Init(command::init::InitArgs),
    /// Check documents without a running mesh
    Validate(command::validate::ValidateArgs),
    /// Change the running mesh to what documents say
    Apply(command::apply::ApplyArgs),
    /// Show what applying documents would change
    Diff(command::apply::DiffArgs),
    /// Show documents of the running mesh
    Get(command::documents::GetArgs),
    /// Delete a document of the running mesh
    Delete(command::documents::DeleteArgs),
    /// Show how the mesh is, or wait until it is ready
    Status(command::status::StatusArgs),
    /// Let one service call another
    Allow(command::rules::RuleArgs),
    /// Forbid a call; beats every `allow`
    Deny(command::rules::RuleArgs),
    /// List or remove rules
    Policy(command::rules::PolicyArgs),
    /// Say why a call was allowed or refused
    Explain(command::explain::ExplainArgs),
    /// Show identities and who gets them
    Identity(command::identity::IdentityArgs),
    /// Show the certificate authority
    Ca(command::ca::CaArgs),
    /// Print completions for a shell
    Completions(command::completions::CompletionsArgs),
    /// Becomes a command that dies with its parent
    #[command(name = "__child", hide = true)]
    Child(doorway::child::ChildArgs),
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_shows_an_example() {
        fn walk(command: &clap::Command) {
            for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
                let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
                let group = verb.has_subcommands();
                assert!(group || help.contains("postern "), "{} lacks an example", verb.get_name());
                walk(verb);
            }
        }
        walk(&Cli::command());
    }

    #[test]
    fn the_admin_flag_may_follow_the_verb() {
        let cli = Cli::try_parse_from(["postern", "status", "--admin", "/a.sock"]).unwrap();
        assert_eq!(cli.global.admin_socket(), PathBuf::from("/a.sock"));
    }

    #[test]
    fn a_list_needs_no_kind() {
        for line in [&["postern", "get"][..], &["postern", "get", "-o", "yaml"]] {
            assert!(Cli::try_parse_from(line).is_ok(), "{line:?}");
        }
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for line in [&["postern", "nonsense"][..], &["postern", "allow", "web"], &["postern"]] {
            assert_eq!(Cli::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}
