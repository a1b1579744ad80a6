//! `postern completions`: a completion script for a shell, on stdout.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::output;

/// For which shell.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  postern completions bash > /etc/bash_completion.d/postern")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// `postern completions`.
pub(crate) fn completions(args: &CompletionsArgs) {
    output::say(&script(args.shell));
}

fn script(shell: Shell) -> String {
    let mut text = Vec::new();
    let mut command = crate::cli::Cli::command();
    clap_complete::generate(shell, &mut command, "postern", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_learns_the_verbs() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            assert!(script(shell).contains("validate"), "{shell}");
        }
    }
}
