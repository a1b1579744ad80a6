//! Where things are when no flag says otherwise: the runtime directory with
//! its sockets and the state directory.

use std::path::PathBuf;

use clap::Args;

/// The operator's socket in the runtime directory.
pub(crate) const ADMIN_SOCKET: &str = "admin.sock";
/// The Workload API socket in the runtime directory.
pub(crate) const AGENT_SOCKET: &str = "agent.sock";
/// Where the agent asks for certificates.
pub(crate) const AUTHORITY_SOCKET: &str = "authority.sock";
/// Where doors subscribe to their configuration.
pub(crate) const PUSH_SOCKET: &str = "push.sock";
/// The trust anchors, in the state directory.
pub(crate) const BUNDLE_FILE: &str = "bundle.pem";

/// Where the last-good states of doors are, in the state directory.
pub(crate) const DOOR_STATES: &str = "doors";

/// The flags that name other directories.
#[derive(Args, Debug)]
pub(crate) struct Places {
    /// Where keys, documents and last-good states are kept
    #[arg(long, value_name = "DIR", env = "POSTERN_STATE")]
    state: Option<PathBuf>,
    /// Where the sockets are
    #[arg(long, value_name = "DIR", env = "POSTERN_RUNTIME")]
    runtime: Option<PathBuf>,
}

impl Places {
    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(state)
    }

    /// The runtime directory.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.runtime.clone().unwrap_or_else(runtime)
    }
}

/// The default runtime directory: `$POSTERN_RUNTIME`, else `/run/postern` for
/// root, else under `$XDG_RUNTIME_DIR`, else under `/tmp`.
pub(crate) fn runtime() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    if let Some(said) = variable("POSTERN_RUNTIME") {
        return said;
    }
    runtime_of(rustix::process::getuid().as_raw(), variable)
}

fn runtime_of(uid: u32, variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    if uid == 0 {
        return PathBuf::from("/run/postern");
    }
    match variable("XDG_RUNTIME_DIR").filter(|dir| dir.is_absolute()) {
        Some(dir) => dir.join("postern"),
        None => PathBuf::from(format!("/tmp/postern-{uid}")),
    }
}

/// The default state directory: `/var/lib/postern` for root, else under
/// `$XDG_STATE_HOME` or `~/.local/state`.
fn state() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    state_of(rustix::process::getuid().as_raw(), variable)
}

fn state_of(uid: u32, variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    if uid == 0 {
        return PathBuf::from("/var/lib/postern");
    }
    if let Some(dir) = variable("XDG_STATE_HOME").filter(|dir| dir.is_absolute()) {
        return dir.join("postern");
    }
    match variable("HOME").filter(|dir| dir.is_absolute()) {
        Some(home) => home.join(".local/state/postern"),
        None => PathBuf::from(format!("/var/tmp/postern-{uid}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_uses_the_systems_directories() {
        let none = |_: &str| None;
        assert_eq!(runtime_of(0, none), PathBuf::from("/run/postern"));
        assert_eq!(state_of(0, none), PathBuf::from("/var/lib/postern"));
    }

    #[test]
    fn a_user_has_their_own() {
        let home = |name: &str| (name == "HOME").then(|| PathBuf::from("/home/u"));
        assert_eq!(runtime_of(7, home), PathBuf::from("/tmp/postern-7"));
        assert_eq!(state_of(7, home), PathBuf::from("/home/u/.local/state/postern"));
        let xdg = |name: &str| Some(PathBuf::from(format!("/x/{name}")));
        assert_eq!(runtime_of(7, xdg), PathBuf::from("/x/XDG_RUNTIME_DIR/postern"));
        assert_eq!(state_of(7, xdg), PathBuf::from("/x/XDG_STATE_HOME/postern"));
    }
}
