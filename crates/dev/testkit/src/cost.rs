//! What threads and the process have cost so far, as the kernel says it
//! (proc(5)): for measuring an attack against its sender.

use std::fs;
use std::time::Duration;

/// CPU time of all threads of this process whose name begins so.
pub fn cpu_of_threads(name: &str) -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map_while(Result::ok);
    let all = tasks.filter_map(|task| {
        let comm = fs::read_to_string(task.path().join("comm")).ok()?;
        let stat = fs::read_to_string(task.path().join("stat")).ok()?;
        comm.starts_with(name).then(|| cpu(&stat))
    });
    all.sum()
}

/// CPU time of this thread.
pub fn own_cpu() -> Duration {
    cpu(&fs::read_to_string("/proc/thread-self/stat").unwrap())
}

/// User and system time, in ticks of 10 ms.
fn cpu(stat: &str) -> Duration {
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at: usize| behind_name.split_whitespace().nth(at).unwrap().parse::<u64>().unwrap();
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// Resident memory of this process in KiB: now, and at most since
/// `forget_peak`.
pub fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// The peak begins anew.
pub fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Open descriptors of this process.
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
