//! The Workload API as a client sees it: real sockets, real certificates, an
//! authority that says what the test wants.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use agent::Event;
use identity::{Alarm, Bundle, Bundles, LocalKey, Role, verify};
use model::Clock;
use net::SystemClock;
use support::{Client, Stage, entry, id, in_time, mine, names, next, own_pid, trust_domain};
use tonic::Code;
use wire::authority::Entry;
use wire::workload::{X509svid, X509svidRequest};

/// Certificates one after the other, cut apart by their lengths.
fn certificates(mut der: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !der.is_empty() {
        assert_eq!(der[..2], [0x30, 0x82], "no DER sequence of 256 bytes and more");
        let length = 4 + usize::from(u16::from_be_bytes([der[2], der[3]]));
        found.push(der[..length].to_vec());
        der = &der[length..];
    }
    found
}

/// Judges an answered SVID as a peer would; gives the end of its life.
fn check(svid: &X509svid) {
    let bundle = Bundle::new(trust_domain(), certificates(&svid.bundle)).unwrap();
    let chain = certificates(&svid.x509_svid);
    for role in [Role::Client, Role::Server] {
        let peer = verify(&chain, &Bundles::alone(bundle.clone()), role, SystemClock.now());
        assert_eq!(peer.unwrap().id.to_string(), svid.spiffe_id);
    }
    let key = LocalKey::from_pkcs8(&svid.x509_svid_key).expect("PKCS#8 in DER");
    let point = key.public_key().unwrap().point().to_vec();
    assert!(chain[0].windows(point.len()).any(|window| window == point), "another key");
}

/// Returns when the PEM file holds this certificate and no other.
async fn file_holds(file: &std::path::Path, certificate: &[u8]) {
    let holds = || {
        let bundle = Bundle::from_pem(trust_domain(), &std::fs::read(file).ok()?).ok()?;
        (bundle.anchors() == [certificate]).then_some(())
    };
    in_time("the bundle file", async {
        while holds().is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A leaf that lives three seconds and is renewed within one and a half.
fn short(name: &str) -> Entry {
    Entry { lifetime_ms: 3_000, renew_ms: 1_000, ..entry(name, &mine()) }
}

#[tokio::test]
async fn the_first_message_comes_at_once_in_the_forms_of_the_specification() {
    let stage = Stage::with(vec![entry("web", &mine())]).await;
    let answer = stage.client().await.fetch().await.unwrap();
    assert_eq!(names(&answer), [id("web").to_string()]);
    let svid = &answer.svids[0];
    check(svid);
    assert_eq!(svid.hint, "web");
    assert_eq!(svid.bundle, stage.authority.root().certificate.der());
    assert!(answer.federated_bundles.is_empty() && answer.crl.is_empty());
    assert_eq!(stage.authority.evidence(), mine());
}

#[tokio::test]
async fn a_renewal_is_a_new_message_with_a_new_key() {
    let stage = Stage::with(vec![short("web")]).await;
    let mut stream = stage.client().await.open().await.unwrap();
    let mut last = next(&mut stream).await.unwrap().unwrap();
    for _ in 0..2 {
        let renewed = next(&mut stream).await.unwrap().unwrap();
        check(&renewed.svids[0]);
        assert_eq!(names(&renewed), names(&last));
        assert_ne!(renewed.svids[0].x509_svid, last.svids[0].x509_svid);
        assert_ne!(renewed.svids[0].x509_svid_key, last.svids[0].x509_svid_key);
        last = renewed;
    }
}

#[tokio::test]
async fn without_the_header_nobody_gets_anything() {
    let stage = Stage::with(vec![entry("web", &mine())]).await;
    let mut client = stage.client().await;
    let bare = client.0.fetch_x509svid(X509svidRequest {}).await.unwrap_err();
    assert_eq!(bare.code(), Code::InvalidArgument);
    let bundles = wire::workload::X509BundlesRequest {};
    let bare = client.0.fetch_x509_bundles(bundles).await.unwrap_err();
    assert_eq!(bare.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn who_has_no_entry_is_denied_and_the_operator_hears_who() {
    let stage = Stage::with(vec![entry("web", &["unix:uid:4000000000".to_owned()])]).await;
    let mut events = stage.agent.events();
    let status = stage.client().await.fetch().await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let denied = in_time("the event", async {
        loop {
            if let Event::Refused { who, reason } = events.recv().await.unwrap() {
                break format!("{who}: {reason}");
            }
        }
    })
    .await;
    assert!(denied.contains(&format!("process {}", own_pid())), "{denied}");
    assert!(denied.contains(&mine()[0]), "{denied}");
    assert!(!status.message().contains("unix:"), "the caller is told the facts");
    let bundles = stage.client().await.0.fetch_x509_bundles(Client::bundles_request()).await;
    assert_eq!(bundles.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn before_the_authority_has_spoken_callers_are_told_to_try_again() {
    let stage = Stage::silent().await;
    let status = stage.client().await.fetch().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_withdrawn_entitlement_ends_the_stream() {
    let stage = Stage::with(vec![entry("web", &mine())]).await;
    let mut stream = stage.client().await.open().await.unwrap();
    assert!(next(&mut stream).await.unwrap().is_some());
    stage.authority.say(Vec::new());
    assert_eq!(next(&mut stream).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn one_of_two_identities_withdrawn_is_left_out_of_the_next_message() {
    let stage = Stage::with(vec![entry("web", &mine()), entry("batch", &mine())]).await;
    let mut stream = stage.client().await.open().await.unwrap();
    let both = next(&mut stream).await.unwrap().unwrap();
    assert_eq!(names(&both), [id("web").to_string(), id("batch").to_string()]);
    stage.authority.say(vec![entry("batch", &mine())]);
    let one = next(&mut stream).await.unwrap().unwrap();
    assert_eq!(names(&one), [id("batch").to_string()]);
    assert_eq!(one.svids[0], both.svids[1], "the one that stays was issued anew");
}

#[tokio::test]
async fn several_identities_have_hints_of_their_own() {
    let same = |name| Entry { hint: "same".to_owned(), ..entry(name, &mine()) };
    let stage = Stage::with(vec![same("web"), same("batch"), same("cron")]).await;
    let answer = stage.client().await.fetch().await.unwrap();
    answer.svids.iter().for_each(check);
    let hints: std::collections::BTreeSet<_> = answer.svids.iter().map(|svid| &svid.hint).collect();
    assert_eq!(hints.len(), 3, "{hints:?}");
}

#[tokio::test]
async fn while_the_authority_is_away_what_is_held_goes_on_being_served() {
    let mut stage = Stage::with(vec![entry("web", &mine())]).await;
    let mut stream = stage.client().await.open().await.unwrap();
    let held = next(&mut stream).await.unwrap().unwrap();
    let mut events = stage.agent.events();
    stage.authority.stop().await;
    in_time("the loss", async {
        while !matches!(events.recv().await.unwrap(), Event::AuthorityLost { .. }) {}
    })
    .await;
    assert_eq!(stage.client().await.fetch().await.unwrap(), held);

    stage.authority.start();
    stage.authority.say(vec![entry("web", &mine()), entry("batch", &mine())]);
    let more = next(&mut stream).await.unwrap().unwrap();
    assert_eq!(more.svids[0], held.svids[0]);
    assert_eq!(names(&more)[1], id("batch").to_string());
}

#[tokio::test]
async fn an_expired_certificate_is_not_served_and_heals_when_the_authority_is_back() {
    let mut stage = Stage::with(vec![short("web")]).await;
    let mut stream = stage.client().await.open().await.unwrap();
    assert!(next(&mut stream).await.unwrap().is_some());
    let mut events = stage.agent.events();
    stage.authority.stop().await;
    let ended = in_time("the end", async {
        loop {
            if let Err(status) = stream.message().await {
                break status.code();
            }
        }
    });
    assert_eq!(ended.await, Code::Unavailable);
    let mut alarms = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Alarm { alarm, .. } = event {
            alarms.push(alarm);
        }
    }
    assert_eq!(alarms.first(), Some(&Alarm::FirstFailure));
    assert_eq!(alarms.last(), Some(&Alarm::Expired));
    assert_eq!(stage.client().await.fetch().await.unwrap_err().code(), Code::Unavailable);

    stage.authority.start();
    in_time("healing", async { while !matches!(events.recv().await, Ok(Event::Issued { .. })) {} })
        .await;
    check(&stage.client().await.fetch().await.unwrap().svids[0]);
}

#[tokio::test]
async fn a_new_bundle_reaches_open_streams_and_the_file_and_is_proved_anew() {
    let stage = Stage::with(vec![entry("web", &mine())]).await;
    let file = stage.folder.path("bundle.pem");
    let old = stage.authority.root().certificate.der().to_vec();
    file_holds(&file, &old).await;

    let mut client = stage.client().await;
    let mut stream =
        client.0.fetch_x509_bundles(Client::bundles_request()).await.unwrap().into_inner();
    let first = next(&mut stream).await.unwrap().unwrap();
    assert_eq!(first.bundles["spiffe://shop.example"], old);
    let mut svids = client.open().await.unwrap();
    next(&mut svids).await.unwrap().unwrap();

    stage.authority.replace_root();
    stage.authority.say(vec![entry("web", &mine())]);
    let root = stage.authority.root().certificate.der().to_vec();
    let second = next(&mut stream).await.unwrap().unwrap();
    assert_eq!(second.bundles["spiffe://shop.example"], root);
    file_holds(&file, &root).await;
    let svid = in_time("a certificate under the new root", async {
        loop {
            let answer = svids.message().await.unwrap().unwrap();
            let chain = certificates(&answer.svids[0].x509_svid);
            let bundle = Bundle::new(trust_domain(), vec![root.clone()]).unwrap();
            let bundles = Bundles::alone(bundle);
            if verify(&chain, &bundles, Role::Client, SystemClock.now()).is_ok() {
                break answer.svids[0].clone();
            }
        }
    });
    check(&svid.await);
}

#[tokio::test]
async fn a_broken_bundle_doesn_t_replace_a_good_one() {
    let stage = Stage::with(vec![entry("web", &mine())]).await;
    let mut events = stage.agent.events();
    let held = stage.client().await.fetch().await.unwrap();
    stage.authority.say_with_bundle(vec![entry("web", &mine())], vec![b"no certificate".to_vec()]);
    in_time("the refusal", async {
        while !matches!(events.recv().await.unwrap(), Event::BundleRefused { .. }) {}
    })
    .await;
    assert_eq!(stage.client().await.fetch().await.unwrap(), held);
}

#[tokio::test]
async fn a_stopped_agent_ends_its_streams_and_removes_its_socket() {
    let stage = Stage::with(vec![entry("web", &mine())]).await;
    let socket = stage.socket();
    let mut stream = stage.client().await.open().await.unwrap();
    next(&mut stream).await.unwrap().unwrap();
    in_time("stopping", stage.agent.stop()).await;
    assert_eq!(next(&mut stream).await.unwrap_err().code(), Code::Unavailable);
    assert!(!socket.exists());
}

#[tokio::test]
async fn two_agents_can_t_share_a_socket() {
    let stage = Stage::silent().await;
    let config = agent::AgentConfig {
        socket: stage.socket(),
        authority: stage.folder.path("authority.sock"),
        bundle_file: stage.folder.path("other.pem"),
    };
    assert!(agent::start(config).await.is_err());
    assert_eq!(stage.client().await.fetch().await.unwrap_err().code(), Code::Unavailable);
}
