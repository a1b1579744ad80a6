//! Who has a port, for a better error message than "address in use". Best
//! effort: other users' processes stay unnamed.

use std::fs;

const LISTEN: &str = "0A";

/// The process listening on this TCP port: `name (pid 7)`.
pub(super) fn of_port(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port).map(str::to_owned))?;
    let link = format!("socket:[{inode}]");
    let pid = fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        has_open(pid, &link).then_some(pid)
    })?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("{} (pid {pid})", name.trim()))
}

/// The inode of the socket listening on `port` in a table in the form of
/// `/proc/net/tcp` (proc_net_tcp.txt of the kernel's documentation).
fn listening_inode(table: &str, port: u16) -> Option<&str> {
    let local_end = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let local = fields.next()?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?;
        (local.ends_with(&local_end) && state == LISTEN).then_some(inode)
    })
}

fn has_open(pid: u32, link: &str) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    open.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.as_os_str() == link))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:1F90 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0\n   \
        1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0\n   \
        2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0\n";

    #[test]
    fn only_the_listening_socket_of_the_port_counts() {
        assert_eq!(listening_inode(TABLE, 8080), Some("222"));
        assert_eq!(listening_inode(TABLE, 80), Some("333"));
        assert_eq!(listening_inode(TABLE, 90), None);
        assert_eq!(listening_inode("", 80), None);
    }
}
