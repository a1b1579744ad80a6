//! The stream after the handshake: ends, cuts, flushes, bulk.

use std::io::{self, IoSlice};

use model::{Dice, SeededDice};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::tls::testing::{Tls, connected};

#[tokio::test]
async fn an_end_that_was_announced_is_an_end() {
    let (mut client, mut server) = connected().await;
    client.write_all(b"all").await.unwrap();
    client.shutdown().await.unwrap();
    let mut got = Vec::new();
    server.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"all");
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0, "and stays one");
}

#[tokio::test]
async fn an_end_that_was_not_announced_is_an_error_after_the_data() {
    let (mut client, mut server) = connected().await;
    client.write_all(b"half").await.unwrap();
    client.flush().await.unwrap();
    client.io_mut().shutdown().await.unwrap();
    let mut got = Vec::new();
    let error = server.read_to_end(&mut got).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(got, b"half");
    let again = server.read(&mut [0]).await.unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn one_side_may_close_and_go_on_reading() {
    let (mut client, mut server) = connected().await;
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    server.write_all(b"still here").await.unwrap();
    server.shutdown().await.unwrap();
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"still here");
}

#[tokio::test]
async fn nothing_can_be_written_after_the_close() {
    let (mut client, _server) = connected().await;
    client.shutdown().await.unwrap();
    client.shutdown().await.unwrap();
    let written = async {
        client.write_all(b"late").await?;
        client.flush().await
    };
    assert!(written.await.is_err());
}

#[tokio::test]
async fn waiting_for_an_answer_sends_the_question() {
    let (mut client, mut server) = connected().await;
    client.write_all(b"no flush").await.unwrap();
    let mut answer = [0; 2];
    let (answered, ()) = tokio::join!(client.read_exact(&mut answer), async {
        server.read_exact(&mut [0; 8]).await.unwrap();
        server.write_all(b"ok").await.unwrap();
        server.flush().await.unwrap();
    });
    answered.unwrap();
    assert_eq!(&answer, b"ok");
}

#[tokio::test]
async fn several_buffers_go_out_as_one() {
    let (mut client, mut server) = connected().await;
    let parts = [IoSlice::new(b"head "), IoSlice::new(b""), IoSlice::new(b"body")];
    assert!(tokio::io::AsyncWrite::is_write_vectored(&client));
    assert_eq!(client.write_vectored(&parts).await.unwrap(), 9);
    client.flush().await.unwrap();
    let mut got = [0; 64];
    assert_eq!(server.read(&mut got).await.unwrap(), 9, "one record");
    assert_eq!(&got[..9], b"head body");
}

fn noise(len: usize) -> Vec<u8> {
    let mut dice = SeededDice::new(9);
    (0..len).map(|_| dice.roll().to_le_bytes()[0]).collect()
}

async fn send_in_pieces(stream: &mut Tls, data: &[u8]) {
    let mut dice = SeededDice::new(3);
    let mut rest = data;
    while !rest.is_empty() {
        let size = usize::try_from(dice.below(60_000)).unwrap().min(rest.len());
        let (piece, after) = rest.split_at(size);
        stream.write_all(piece).await.unwrap();
        rest = after;
    }
    stream.shutdown().await.unwrap();
}

#[tokio::test]
async fn much_passes_unchanged_in_both_directions_at_once() {
    let (client, server) = connected().await;
    let data = noise(3_000_000);
    let (mut client_in, mut client_out) = tokio::io::split(client);
    let (mut server_in, mut server_out) = tokio::io::split(server);
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let (a, b, c, d) = tokio::join!(
        async {
            client_out.write_all(&data).await?;
            client_out.shutdown().await
        },
        async {
            server_out.write_all(&data).await?;
            server_out.shutdown().await
        },
        client_in.read_to_end(&mut down),
        server_in.read_to_end(&mut up),
    );
    a.and(b).unwrap();
    c.and(d).unwrap();
    assert!(up == data && down == data);
}

#[test]
fn pieces_of_all_sizes_arrive_on_a_runtime_of_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(tokio::runtime::LocalOptions::default())
        .unwrap();
    runtime.block_on(async {
        let (mut client, mut server) = connected().await;
        let data = noise(1_000_000);
        let mut got = Vec::new();
        let reading = async {
            let (mut dice, mut buf) = (SeededDice::new(5), vec![0; 20_000]);
            loop {
                let room = 1 + usize::try_from(dice.below(20_000)).unwrap();
                match server.read(&mut buf[..room]).await.unwrap() {
                    0 => return,
                    count => got.extend_from_slice(&buf[..count]),
                }
            }
        };
        tokio::join!(send_in_pieces(&mut client, &data), reading);
        assert!(got == data);
    });
}

#[tokio::test]
async fn garbage_instead_of_a_record_is_an_error() {
    let (mut client, mut server) = connected().await;
    let mut record = vec![23, 3, 3, 0, 40];
    record.extend([7; 40]);
    client.io_mut().write_all(&record).await.unwrap();
    let error = server.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}
