//! `postern completions`: a completion script for a shell, on stdout.

use clap::Args;
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

/// `postern completions`, for the whole command line given.
pub(crate) fn completions(args: &CompletionsArgs, line: clap::Command) {
    output::say(&script(args.shell, line));
}

fn script(shell: Shell, mut line: clap::Command) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut line, "postern", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_shell_learns_the_verbs() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            assert!(script(shell, Cli::command()).contains("validate"), "{shell}");
        }
    }
}
