//! The harness of HTTP/2 against itself and against the `h2` crate as a legal
//! peer: who judges doors by it has to know that it reads and writes rightly.

use std::net::{SocketAddr, TcpListener};
use std::thread;

use bytes::Bytes;
use testkit::http2::frame::{code, data, headers, rst, setting, settings, window_update};
use testkit::http2::hpack::block;
use testkit::http2::{Aim, App, Http2Backend, Speech, Talk};
use testkit::{Authority, Caller, Guest, Leaf, Place, dial_plain, server_with, until};

const AIM: Aim = Aim { app: App::Http2, place: Place::Outbound };

fn guest(to: SocketAddr) -> Guest {
    let talk = dial_plain(to);
    Guest { from: talk.local_addr().unwrap(), talk: Box::new(talk) }
}

#[test]
fn a_raw_request_is_recorded_and_answered() {
    let app = Http2Backend::start();
    let mut talk = Talk::begin(guest(app.address), &[]);
    let answer = talk.ask(1, &AIM.get(1, &[("x-a", "b")]));
    assert!(answer.is_hello(), "{answer:?}");
    let trailers = headers(3, &block(&[("x-sum", "5")]), true);
    let body = [data(3, b"hel", false), data(3, b"lo", false), trailers].concat();
    assert!(talk.ask(3, &AIM.post(3, &[], &body)).is_hello());
    let [get, post] = &app.requests()[..] else { panic!("{:?}", app.requests()) };
    assert_eq!((get.line.as_str(), get.values("x-a")), ("GET /h2/a HTTP/2", vec!["b"]));
    assert_eq!((post.line.as_str(), post.body.as_slice()), ("POST /h2/a HTTP/2", &b"hello"[..]));
    assert_eq!(post.trailers, [("x-sum".to_owned(), "5".to_owned())]);
    app.forget();
    assert!(app.requests().is_empty() && app.begun() == 0 && app.busy() == 0);
}

#[test]
fn it_works_on_until_it_is_reset() {
    let app = Http2Backend::start();
    app.answer_with(Speech::silent());
    let mut talk = Talk::begin(guest(app.address), &[]);
    talk.send(&[AIM.get(1, &[]), AIM.get(3, &[]), AIM.post(5, &[], b"")].concat());
    until("three requests", || (app.busy() == 3).then_some(()));
    talk.send(&[rst(1, code::CANCEL), rst(5, code::CANCEL)].concat());
    until("two resets", || (app.busy() == 1 && app.resets() == 2).then_some(()));
    drop(talk);
    until("the last to be given up", || (app.busy() == 0 && app.links() == (1, 0)).then_some(()));
}

#[test]
fn large_answers_keep_to_the_windows() {
    let app = Http2Backend::start();
    app.answer_with(Speech::large(1_000_000));
    let mut talk = Talk::begin(guest(app.address), &[(setting::INITIAL_WINDOW_SIZE, 10)]);
    talk.is_polite = false;
    talk.send(&AIM.get(1, &[]));
    assert!(talk.hear(|ledger| ledger.stream(1).body.len() == 10));
    talk.send(&settings(&[(setting::INITIAL_WINDOW_SIZE, 200_000)]));
    assert!(talk.hear(|ledger| ledger.stream(1).body.len() == 65_535));
    talk.is_polite = true;
    talk.send(&[window_update(0, 10_000_000), window_update(1, 10_000_000)].concat());
    assert_eq!(talk.answer(1).body.len(), 1_000_000);
}

#[test]
fn it_says_what_it_is_told_and_closes() {
    let app = Http2Backend::start();
    let words = |id| headers(id, &block(&[(":status", "103"), ("link", "</a>")]), false);
    app.answer_with(Speech::says(words).at_head().closes());
    let mut talk = Talk::begin(guest(app.address), &[]);
    let answer = talk.ask(1, &AIM.post(1, &[], b""));
    assert_eq!((answer.interim, answer.is_whole, talk.is_closed), (vec![103], false, true));
}

#[test]
fn it_speaks_behind_tls() {
    let authority = Authority::of("stage");
    let leaf = Leaf::of(&authority.credentials(&authority.id("orders")));
    let app = Http2Backend::start_tls(server_with(&leaf, &[b"h2"]));
    let mut caller = Caller::with(leaf, "localhost");
    (caller.leaf, caller.alpn) = (None, vec![b"h2".to_vec()]);
    let talk = caller.dial(app.address);
    let from = talk.sock.local_addr().unwrap();
    let mut talk = Talk::begin(Guest { talk: Box::new(talk), from }, &[]);
    assert!(talk.ask(1, &AIM.get(1, &[])).is_hello());
}

/// Runs what needs tokio.
fn wait_for<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what)
}

#[test]
fn the_h2_crate_as_a_client_is_understood_and_answered() {
    let app = Http2Backend::start();
    let request = || {
        let uri = "http://orders:8082/h2/a?with=a%20query";
        let request =
            http::Request::post(uri).header("cookie", "a=b").header("x-long", "x".repeat(500));
        request.body(()).unwrap()
    };
    wait_for(async {
        let stream = tokio::net::TcpStream::connect(app.address).await.unwrap();
        let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        // Twice: the second head comes from the dynamic table.
        for _ in 0..2 {
            let (answer, mut body) = client.send_request(request(), false).unwrap();
            body.send_data(Bytes::from_static(b"hello"), true).unwrap();
            let answer = answer.await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.into_body().data().await.unwrap().unwrap(), "hello");
        }
    });
    let [first, second] = &app.requests()[..] else { panic!("{:?}", app.requests()) };
    assert_eq!(first.line, "POST /h2/a?with=a%20query HTTP/2");
    assert_eq!((first.values("x-long")[0].len(), first.body.as_slice()), (500, &b"hello"[..]));
    assert_eq!(first, second);
}

#[test]
fn the_h2_crate_as_a_server_understands_and_is_understood() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || wait_for(serve_two(listener)));
    let mut talk = Talk::begin(guest(address), &[]);
    let body = [data(1, b"hel", false), data(1, b"lo", true)].concat();
    let first = talk.ask(1, &AIM.post(1, &[("x-a", "b")], &body));
    let second = talk.ask(3, &AIM.get(3, &[]));
    for answer in [&first, &second] {
        assert!(answer.is_hello(), "{answer:?}");
        assert_eq!(answer.values("x-own"), ["a value of some length"]);
        assert_eq!(answer.trailers, [("x-sum".to_owned(), "5".to_owned())]);
    }
    drop(talk);
    let seen = server.join().unwrap();
    assert_eq!(seen, ["POST /h2/a b hello", "GET /h2/a - "]);
}

async fn serve_two(listener: TcpListener) -> Vec<String> {
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let mut tasks = Vec::new();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        tasks.push(tokio::spawn(async move {
            let (head, mut body) = request.into_parts();
            let mut all = Vec::new();
            while let Some(Ok(bytes)) = body.data().await {
                all.extend_from_slice(&bytes);
            }
            let own = head.headers.get("x-a").map_or("-", |value| value.to_str().unwrap());
            let answer = http::Response::builder().header("x-own", "a value of some length");
            let mut sender = respond.send_response(answer.body(()).unwrap(), false).unwrap();
            sender.send_data(Bytes::from_static(b"hello"), false).unwrap();
            let mut trailers = http::HeaderMap::new();
            trailers.insert("x-sum", http::HeaderValue::from_static("5"));
            sender.send_trailers(trailers).unwrap();
            format!("{} {} {own} {}", head.method, head.uri.path(), String::from_utf8_lossy(&all))
        }));
    }
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    seen
}
