//! Server names between doors, SPIFFE IDs, and the header that carries them:
//! who is meant is meant again when it is written and read back. Each line of
//! the input is read as each of them.

use model::{ServiceName, SpiffeId, TrustDomain};
use wire::{forwarded_cert, sni};

pub(super) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mesh: TrustDomain = "shop.example".parse().expect("a trust domain");
    for line in text.split('\n') {
        try_server_name(line, &mesh);
        try_spiffe_id(line);
        if let Ok(name) = line.parse::<ServiceName>() {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
    }
}

fn try_server_name(text: &str, mesh: &TrustDomain) {
    if let Some((port, service)) = sni::parse(text, mesh) {
        assert_eq!(sni::name(port, &service, mesh), text.to_ascii_lowercase());
    }
}

fn try_spiffe_id(text: &str) {
    let Ok(id) = text.parse::<SpiffeId>() else { return };
    let written = id.to_string();
    assert_eq!(written.parse(), Ok(id.clone()));
    assert!(written.starts_with("spiffe://") && !written.ends_with('/'), "{written}");
    let segments = id.path().split('/').skip(1);
    assert!(!segments.into_iter().any(|part| matches!(part, "" | "." | "..")), "{written}");
    if let Some(service) = id.service() {
        assert_eq!(SpiffeId::of_service(id.trust_domain(), &service), id);
    }
    check_header(&id, &written);
}

/// No identity can break out of its place in the header.
fn check_header(id: &SpiffeId, written: &str) {
    let header = forwarded_cert::render(id, id, &[0xab; 32]);
    let parts: Vec<_> = header.split(';').collect();
    let [by, hash, uri] = parts.as_slice() else { panic!("{header}") };
    assert_eq!(by.strip_prefix("By="), Some(written));
    assert_eq!(hash.len(), "Hash=".len() + 64);
    assert_eq!(uri.strip_prefix("URI="), Some(written));
    assert!(!header.contains([',', '"', '\r', '\n']), "{header}");
}
