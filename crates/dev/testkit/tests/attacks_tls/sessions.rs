//! TLS-17 and TLS-19: sessions that are resumed, and data before its time.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::{ClientConfig, HandshakeKind};
use testkit::{Arena, Caller, Conversation, get, status_of};

const SNI: &str = "p8080.orders.default.stage";

/// Asks once and says how the handshake went and which status came.
fn ask(caller: &Caller, config: &Arc<ClientConfig>, to: SocketAddr) -> (HandshakeKind, u16, bool) {
    let mut talk = caller.dial_as(Arc::clone(config), to);
    let early = talk.conn.early_data().is_some();
    let _refused = talk.write_all(&get("")).and_then(|()| talk.flush());
    let status = status_of(&talk.hear_response());
    (talk.conn.handshake_kind().unwrap(), status, early)
}

#[test]
fn a_session_is_resumed_where_it_began_and_nowhere_else() {
    let arena = Arena::open("");
    let caller = Caller::with(arena.leaf("web"), SNI);
    let config = Arc::new(caller.config());
    let orders = arena.orders.inbound();
    assert_eq!(ask(&caller, &config, orders), (HandshakeKind::Full, 200, false));
    assert_eq!(ask(&caller, &config, orders), (HandshakeKind::Resumed, 200, false));
    // The ticket of one door shown to another, under the same name: a full
    // handshake, and then the name is not its own.
    let (kind, status, _) = ask(&caller, &config, arena.web.inbound());
    assert_ne!((kind, status), (HandshakeKind::Resumed, 200));
    assert_eq!(kind, HandshakeKind::Full);
    // To the gateway's listener, which asks for no certificate.
    let (kind, _, _) = ask(&caller, &config, arena.edge.edge("edge/https"));
    assert_eq!(kind, HandshakeKind::Full);
}

#[test]
fn a_resumed_session_of_one_identity_is_that_identity() {
    let arena = Arena::open("");
    let (web, stranger) =
        (Caller::with(arena.leaf("web"), SNI), Caller::with(arena.leaf("stranger"), SNI));
    let (of_web, of_stranger) = (Arc::new(web.config()), Arc::new(stranger.config()));
    let orders = arena.orders.inbound();
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        assert_eq!(ask(&web, &of_web, orders), (kind, 200, false));
        assert_eq!(ask(&stranger, &of_stranger, orders), (kind, 403, false));
    }
}

#[test]
fn no_door_takes_early_data() {
    let arena = Arena::open("");
    for (sni, to) in [(SNI, arena.orders.inbound()), ("edge.test", arena.edge.edge("edge/https"))] {
        let caller = Caller::with(arena.leaf("web"), sni);
        let mut config = caller.config();
        config.enable_early_data = true;
        let config = Arc::new(config);
        for _ in 0..3 {
            let (_, status, early) = ask(&caller, &config, to);
            assert_eq!((status, early), (200, false), "{sni}");
        }
    }
}
