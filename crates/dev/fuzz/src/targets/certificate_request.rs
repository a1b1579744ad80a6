//! A certificate request: of what an agent sends nothing counts but a key that
//! signed it.

use identity::Csr;

pub(super) fn run(input: &[u8]) {
    let Ok(request) = Csr::parse(input) else { return };
    let key = request.key();
    assert_eq!(Csr::parse(input).map(|again| again.key() == key), Ok(true));
    let longer = [input, &[0]].concat();
    assert!(Csr::parse(&longer).is_err(), "it goes on behind its end");
}
