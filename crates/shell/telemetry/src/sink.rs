//! Where access lines go. A thread of its own writes them, so that a slow or
//! stuck reader never holds an exchange up: what doesn't fit is counted and
//! lost. It neither rotates files nor sends anything over a network.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Batches that may wait for the writer.
const BATCHES_MAX: usize = 256;

/// A place for lines, shared by all cores, each of which hands on what it
/// gathered. Lines of one core keep their order.
pub struct Sink {
    batches: Mutex<Option<SyncSender<Vec<u8>>>>,
    written: Mutex<Receiver<()>>,
    lost: Arc<AtomicU64>,
}

impl Sink {
    /// Writes to `out` until closed or dropped.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (batches, waiting) = sync_channel(BATCHES_MAX);
        let (finished, written) = sync_channel(1);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer { out, lost: Arc::clone(&lost) };
        thread::Builder::new().name("postern-access".into()).spawn(move || {
            writer.run(&waiting);
            // Nobody waits when the sink was dropped instead of closed.
            let _unheard = finished.send(());
        })?;
        Ok(Self { batches: Mutex::new(Some(batches)), written: Mutex::new(written), lost })
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn stdout() -> io::Result<Self> {
        Self::new(io::stdout())
    }

    /// Appends to a file, made with mode 0600 if it isn't there.
    ///
    /// # Errors
    /// When the file can't be opened, or no thread can be started.
    pub fn file(path: &Path) -> io::Result<Self> {
        Self::new(OpenOptions::new().append(true).create(true).mode(0o600).open(path)?)
    }

    /// Keeps nothing.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn nowhere() -> io::Result<Self> {
        Self::new(io::sink())
    }

    /// Hands on whole lines, each with its line feed. Never waits.
    pub fn lines(&self, lines: &[u8]) {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = batches.as_ref().is_some_and(|to| to.try_send(lines.to_vec()).is_ok());
        if !sent {
            lose(&self.lost, lines);
        }
    }

    /// Lines that could not be written: the reader was too slow or is gone.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Takes no more lines and waits until all that were taken are written, at
    /// most for `within`. `false` when that wasn't enough.
    pub fn close(&self, within: Duration) -> bool {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).take();
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.recv_timeout(within).is_ok()
    }
}

struct Writer<W> {
    out: W,
    lost: Arc<AtomicU64>,
}

impl<W: Write> Writer<W> {
    fn run(mut self, waiting: &Receiver<Vec<u8>>) {
        for batch in waiting {
            let written = self.out.write_all(&batch).and_then(|()| self.out.flush());
            if written.is_err() {
                lose(&self.lost, &batch);
            }
        }
    }
}

fn lose(lost: &AtomicU64, lines: &[u8]) {
    let count = lines.iter().filter(|byte| **byte == b'\n').count();
    lost.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// Sends on what is written, after waiting for leave if it has to.
    struct Pipe {
        to: Sender<Vec<u8>>,
        leave: Option<Receiver<()>>,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(leave) = self.leave.take() {
                leave.recv().unwrap();
            }
            self.to.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_arrive_whole_and_in_order() {
        let (to, got) = channel();
        let sink = Sink::new(Pipe { to, leave: None }).unwrap();
        for n in 0..100 {
            sink.lines(format!("{n}\n").as_bytes());
        }
        assert!(sink.close(LONG));
        let text = got.iter().flatten().collect::<Vec<u8>>();
        let expected: String = (0..100).map(|n| format!("{n}\n")).collect();
        assert_eq!((text, sink.lost()), (expected.into_bytes(), 0));
    }

    #[test]
    fn a_stuck_reader_costs_lines_and_no_time() {
        let (to, got) = channel();
        let (let_go, leave) = channel();
        let sink = Sink::new(Pipe { to, leave: Some(leave) }).unwrap();
        let sent = BATCHES_MAX + 50;
        (0..sent).for_each(|_| sink.lines(b"a\nb\n"));
        assert!(sink.lost() >= 2 * 49, "{}", sink.lost());
        let_go.send(()).unwrap();
        assert!(sink.close(LONG));
        let kept = got.iter().flatten().filter(|byte| *byte == b'\n').count();
        assert_eq!(kept + usize::try_from(sink.lost()).unwrap(), 2 * sent);
    }

    #[test]
    fn closing_does_not_wait_for_ever() {
        let (to, _got) = channel();
        let (_let_go, leave) = channel();
        let sink = Sink::new(Pipe { to, leave: Some(leave) }).unwrap();
        sink.lines(b"a\n");
        assert!(!sink.close(Duration::from_millis(1)));
    }

    #[test]
    fn a_reader_that_is_gone_is_counted() {
        let (to, got) = channel();
        drop(got);
        let sink = Sink::new(Pipe { to, leave: None }).unwrap();
        sink.lines(b"a\nb\n");
        assert!(sink.close(LONG));
        sink.lines(b"c\n");
        assert_eq!(sink.lost(), 3);
    }

    #[test]
    fn a_file_is_appended_to_and_its_owners_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let path = std::env::temp_dir().join(format!("postern-sink-{}.log", std::process::id()));
        for line in [&b"a\n"[..], b"b\n"] {
            let sink = Sink::file(&path).unwrap();
            sink.lines(line);
            assert!(sink.close(LONG));
        }
        let (text, meta) = (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert_eq!((text.as_slice(), meta.permissions().mode() & 0o777), (&b"a\nb\n"[..], 0o600));
    }
}
