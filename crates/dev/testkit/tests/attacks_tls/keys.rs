//! TLS-08: keys and signatures that are weak, or nobody's.

use rcgen::PublicKeyData;
use rustls::AlertDescription::{BadCertificate, UnknownCA, UnsupportedCertificate};
use testkit::{Leaf, der_head};

use crate::certificates::{Maker, WEB};

/// A public key of any bytes.
struct Bytes(Vec<u8>);

impl PublicKeyData for Bytes {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

fn rsa(bits: usize, exponent: &[u8]) -> Bytes {
    let modulus = [vec![0], vec![0xa5; bits / 8]].concat();
    let integer = |bytes: &[u8]| [der_head(2, bytes.len()), bytes.to_vec()].concat();
    let inner = [integer(&modulus), integer(exponent)].concat();
    Bytes([der_head(0x30, inner.len()), inner].concat())
}

pub(crate) fn rows(maker: &mut Maker<'_>) {
    let weak = (UnsupportedCertificate, "too weak");
    let params = Leaf::params(WEB);
    let twin = maker.leaf(|_| ());
    for (what, key) in [("RSA 1024", rsa(1024, &[1, 0, 1])), ("RSA with e=1", rsa(2048, &[1]))] {
        maker.show(("TLS-08", what), weak, maker.authority.leaf_for(&params, &key), twin.clone());
    }
    let mut curve = twin.clone();
    replace(&mut curve.chain[0], b"\x2a\x86\x48\xce\x3d\x03\x01\x07", 7, 1);
    maker.show(("TLS-08", "P-192"), weak, curve, twin.clone());
    // SHA-1 where SHA-256 stands: ecdsa-with-SHA256 is 1.2.840.10045.4.3.2.
    let mut hash = twin.clone();
    replace(&mut hash.chain[0], b"\x2a\x86\x48\xce\x3d\x04\x03\x02", 7, 1);
    maker.show(
        ("TLS-08", "SHA-224"),
        (UnsupportedCertificate, "weak or unknown"),
        hash,
        twin.clone(),
    );
    let mut bit = twin.clone();
    *bit.chain[0].last_mut().unwrap() ^= 1;
    maker.show(("TLS-08", "a signature of nobody"), (UnknownCA, ""), bit, twin.clone());
    let mut cut = twin.clone();
    cut.chain[0].pop();
    maker.show(("TLS-10", "cut off"), (BadCertificate, "can't be read"), cut, twin);
}

fn replace(der: &mut [u8], pattern: &[u8], offset: usize, byte: u8) {
    for start in 0..der.len() - pattern.len() {
        if der[start..].starts_with(pattern) {
            der[start + offset] = byte;
        }
    }
}
