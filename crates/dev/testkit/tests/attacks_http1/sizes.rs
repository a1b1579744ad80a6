//! H1-19: what is too long, too large or too many.

use testkit::{Row, get, row};

pub(crate) fn rows() -> Vec<Row> {
    let many = |count: usize| (0..count).map(|at| format!("X-{at}: y\r\n")).collect::<String>();
    let path = |length: usize| {
        format!("GET /v1/a?{} HTTP/1.1\r\nHost: orders:8080\r\n\r\n", "q".repeat(length))
    };
    let cookies =
        |count: usize| (0..count).map(|at| format!("Cookie: c{at}=1\r\n")).collect::<String>();
    let value = |length: usize| format!("X-Big: {}\r\n", "v".repeat(length));
    vec![
        row("H1-19", "a request line of 64 KiB").attack(path(64 * 1024)).gets(&[414]),
        row("H1-19", "a request line of 1 MB").attack(path(1_000_000)).gets(&[414]),
        row("H1-19", "a request line a little too long").attack(path(16 * 1024)).gets(&[414]),
        row("H1-19", "a request line without end").attack("G".repeat(100_000)).gets(&[414]),
        row("H1-19", "a method without end")
            .attack(format!("{} / HTTP/1.1\r\n", "G".repeat(20_000)))
            .gets(&[414]),
        row("H1-19", "10,000 fields")
            .attack(get(many(10_000)))
            .gets(&[431])
            .because("more header fields"),
        row("H1-19", "129 fields").attack(get(many(128))).gets(&[431]).twin(get(many(100))),
        row("H1-19", "a field of 1 MB")
            .attack(get(value(1_000_000)))
            .gets(&[431])
            .because("larger"),
        row("H1-19", "a field a little too large")
            .attack(get(value(64 * 1024)))
            .gets(&[431])
            .twin(get(value(32 * 1024))),
        row("H1-19", "a name of 100 KB")
            .attack(get(format!("{}: y\r\n", "n".repeat(100_000))))
            .gets(&[431]),
        row("H1-19", "100,000 cookies")
            .attack(get(cookies(100_000)))
            .gets(&[431])
            .twin(get(cookies(50))),
        row("H1-19", "one line of 100,000 cookies")
            .attack(get(format!("Cookie: {}\r\n", "c=1; ".repeat(100_000))))
            .gets(&[431]),
        row("H1-19", "fields without an end")
            .attack(format!("GET / HTTP/1.1\r\nHost: orders:8080\r\n{}", many(10_000)))
            .gets(&[431]),
        row("H1-19", "empty lines without end").attack("\r\n".repeat(40_000)),
    ]
}
