//! `/proc/PID/stat` and `/proc/PID/status`: the two fields of each that
//! attestation needs. It deliberately reads nothing a process can choose
//! freely; the process name is only skipped, with care.

use std::fs;
use std::io;

/// From `/proc/PID/stat` (proc_pid_stat(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// The parent's number; 0 when it is outside our PID namespace.
    pub parent: i32,
    /// When the process started, in clock ticks since boot.
    pub start_time: u64,
}

impl Stat {
    pub(crate) fn read(pid: i32) -> io::Result<Self> {
        let text = fs::read(format!("/proc/{pid}/stat"))?;
        Self::parse(&text).ok_or_else(|| malformed("stat"))
    }

    /// The second field is the process name in parentheses. It may hold
    /// anything, `) R 1 ` included, so the fields are counted from the last
    /// closing parenthesis.
    fn parse(text: &[u8]) -> Option<Self> {
        let name_end = text.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(text.get(name_end.checked_add(1)?..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        let parent = fields.nth(PARENT)?.parse().ok()?;
        let start_time = fields.nth(START_TIME - PARENT - 1)?.parse().ok()?;
        Some(Self { parent, start_time })
    }
}

/// Effective user and group from `/proc/PID/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub uid: u32,
    pub gid: u32,
}

impl Credentials {
    pub(crate) fn read(pid: i32) -> io::Result<Self> {
        let text = fs::read(format!("/proc/{pid}/status"))?;
        Self::parse(&String::from_utf8_lossy(&text)).ok_or_else(|| malformed("status"))
    }

    /// `Uid:` and `Gid:` hold real, effective, saved and file system id.
    /// The kernel escapes line ends in the name, so no line can be forged.
    fn parse(text: &str) -> Option<Self> {
        let effective = |key: &str| -> Option<u32> {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_ascii_whitespace().nth(1)?.parse().ok()
        };
        Some(Self { uid: effective("Uid:")?, gid: effective("Gid:")? })
    }
}

fn malformed(file: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the kernel's {file} file has no such field"),
    )
}

/// Positions after the name; the state is 0.
const PARENT: usize = 1;
const START_TIME: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "S 41 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";

    fn parse(name: &str) -> Option<Stat> {
        Stat::parse(format!("7 ({name}) {TAIL}\n").as_bytes())
    }

    #[test]
    fn parent_and_start_time_are_found() {
        assert_eq!(parse("cat"), Some(Stat { parent: 41, start_time: 98_765 }));
    }

    #[test]
    fn a_name_made_to_look_like_fields_changes_nothing() {
        for name in ["a) R 1 1 1", "((", "))", ") S 1 (", "\n", "é", ""] {
            assert_eq!(parse(name), Some(Stat { parent: 41, start_time: 98_765 }), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_is_no_utf_8_changes_nothing() {
        let mut text = b"7 (\xff\xfe) ".to_vec();
        text.extend_from_slice(TAIL.as_bytes());
        assert_eq!(Stat::parse(&text).unwrap().parent, 41);
    }

    #[test]
    fn short_files_are_refused() {
        for text in ["", "7", "7 (cat)", "7 (cat) S", "7 (cat) S 1 2 3", "7 (cat) S x"] {
            assert_eq!(Stat::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_effective_ids_count() {
        let text = "Name:\tsu\nUid:\t1000\t0\t0\t0\nGid:\t100\t5\t5\t5\n";
        assert_eq!(Credentials::parse(text), Some(Credentials { uid: 0, gid: 5 }));
        assert_eq!(Credentials::parse("Uid:\t1000\n"), None);
    }

    #[test]
    fn the_kernel_speaks_this_format() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let parent = i32::try_from(std::os::unix::process::parent_id()).unwrap();
        assert_eq!(Stat::read(pid).unwrap().parent, parent);
        assert_eq!(Credentials::read(pid).unwrap().uid, rustix::process::geteuid().as_raw());
    }
}
