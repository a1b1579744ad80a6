//! What is known of a process that asks for an identity: values, gathered by
//! somebody who vouches for them.

/// What the kernel says of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Its process id, in the namespace of the agent.
    pub pid: i32,
    /// The file it runs, when that could be read.
    pub path: Option<String>,
    /// Its ancestors' process ids, the parent first.
    pub ancestors: Vec<i32>,
}
