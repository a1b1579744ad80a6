//! The TCP side of `echo`: the server speaks first, then gives each line back.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

const LINE_BYTES_MAX: u64 = 64 << 10;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Greets and echoes on every connection of `listener`, until aborted.
pub(super) async fn serve(listener: TcpListener, name: String) {
    let greeting = format!("220 {name} ready\n");
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let greeting = greeting.clone();
        tokio::spawn(async move {
            let _ = echo_lines(stream, &greeting).await;
        });
    }
}

/// A line beyond 64 KiB is given back in pieces.
async fn echo_lines(mut stream: TcpStream, greeting: &str) -> std::io::Result<()> {
    let _ = stream.set_nodelay(true);
    let (read, mut write) = stream.split();
    write.write_all(greeting.as_bytes()).await?;
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut read).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await? == 0 {
            return write.shutdown().await;
        }
        write.write_all(&line).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_speaks_first_and_echoes_to_the_last_half_line() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, "ledger".to_owned()));
        let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
        let mut greeting = String::new();
        stream.read_line(&mut greeting).await.unwrap();
        assert_eq!(greeting, "220 ledger ready\n");
        stream.write_all(b"a\nb").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "a\nb");
    }
}
