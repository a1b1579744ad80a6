//! Keys and signatures: the weak ones are refused, their strong twins pass.

use rcgen::{KeyPair, PublicKeyData, RsaKeySize, SignatureAlgorithm, SigningKey};

use super::*;
use crate::testing::{issuer_params, leaf_params, signed};
use crate::{Bundle, Bundles};

/// A public key of any bytes, for kinds that no library makes any more.
struct Bytes(Vec<u8>, &'static SignatureAlgorithm);

impl PublicKeyData for Bytes {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.1
    }
}

/// An RSA public key (RFC 8017, appendix A.1.1) with an odd modulus.
fn rsa(bits: usize, exponent: &[u8]) -> Bytes {
    let mut modulus = vec![0xa5; bits / 8];
    modulus.insert(0, 0);
    let integer = |bytes: &[u8]| [der_head(2, bytes.len()), bytes.to_vec()].concat();
    let inner = [integer(&modulus), integer(exponent)].concat();
    let key = [der_head(0x30, inner.len()), inner].concat();
    Bytes(key, &rcgen::PKCS_RSA_SHA256)
}

fn der_head(tag: u8, length: usize) -> Vec<u8> {
    let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
    match (high, low) {
        (0, low) if low < 0x80 => vec![tag, low],
        (0, low) => vec![tag, 0x81, low],
        (high, low) => vec![tag, 0x82, high, low],
    }
}

#[test]
fn weak_keys_of_a_leaf_are_refused_and_strong_ones_pass() {
    let authority = Authority::of("a.test");
    let judge = |key: &dyn KeyOf| {
        let chain = [key.leaf(&authority), authority.intermediate.der().to_vec()];
        verify(&chain, &authority.bundles(), Role::Client, NOW)
    };
    const F4: &[u8] = &[1, 0, 1];
    for (name, weak) in [
        ("RSA 512", rsa(512, F4)),
        ("RSA 1024", rsa(1024, F4)),
        ("RSA 2048 with exponent 1", rsa(2048, &[1])),
        ("RSA 2048 with an even exponent", rsa(2048, &[1, 0, 0])),
    ] {
        assert_eq!(judge(&weak), Err(PeerRefused::WeakKey), "{name}");
    }
    for (name, algorithm) in [
        ("P-256", &rcgen::PKCS_ECDSA_P256_SHA256),
        ("P-384", &rcgen::PKCS_ECDSA_P384_SHA384),
        ("P-521", &rcgen::PKCS_ECDSA_P521_SHA512),
        ("Ed25519", &rcgen::PKCS_ED25519),
    ] {
        let strong = KeyPair::generate_for(algorithm).unwrap();
        assert!(judge(&strong).is_ok(), "{name}");
    }
    assert!(judge(&rsa_2048()).is_ok(), "RSA 2048");
}

trait KeyOf {
    fn leaf(&self, authority: &Authority) -> Vec<u8>;
}

impl<K: PublicKeyData> KeyOf for K {
    fn leaf(&self, authority: &Authority) -> Vec<u8> {
        authority.leaf(self, |_| ())
    }
}

fn rsa_2048() -> KeyPair {
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

#[test]
fn p_192_and_other_curves_are_refused() {
    let authority = Authority::of("a.test");
    let chain = authority.chain(|_| ());
    // prime256v1 becomes prime192v1: the certificate is signed anew.
    let spoiled = patched(&chain[0], b"\x2a\x86\x48\xce\x3d\x03\x01\x07", 7, 0x01);
    let chain = [spoiled, chain[1].clone()];
    let refused = verify(&chain, &authority.bundles(), Role::Client, NOW);
    assert_eq!(refused, Err(PeerRefused::WeakKey));
}

/// Replaces one byte of every occurrence of `pattern`.
fn patched(der: &[u8], pattern: &[u8], offset: usize, byte: u8) -> Vec<u8> {
    let mut patched = der.to_vec();
    for start in 0..der.len() - pattern.len() {
        if der[start..].starts_with(pattern) {
            patched[start + offset] = byte;
        }
    }
    assert_ne!(patched, der, "the pattern occurs");
    patched
}

/// The identifier of sha256WithRSAEncryption; its last byte names the hash.
const RSA_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";

#[test]
fn weak_hashes_in_a_chain_are_refused() {
    let domain: model::TrustDomain = "a.test".parse().unwrap();
    let (root_key, leaf_key) = (rsa_2048(), KeyPair::generate().unwrap());
    let root = issuer_params(&domain, Some(0)).self_signed(&root_key).unwrap().der().to_vec();
    let leaf = leaf_params("spiffe://a.test/web");
    let leaf = signed(&leaf, &leaf_key, (&root, &root_key));
    let bundles = Bundles::alone(Bundle::new(domain, vec![root]).unwrap());
    let judge = |leaf: Vec<u8>| verify(&[leaf], &bundles, Role::Client, NOW);
    assert!(judge(leaf.clone()).is_ok(), "SHA-256 with RSA");
    for (name, hash) in [("MD5", 4), ("SHA-1", 5), ("SHA-224", 14)] {
        let weak = patched(&leaf, RSA_SHA256, 8, hash);
        assert_eq!(judge(weak), Err(PeerRefused::WeakSignature), "{name}");
    }
}

#[test]
fn a_signature_algorithm_that_contradicts_itself_is_refused() {
    let authority = Authority::of("a.test");
    let chain = authority.chain(|_| ());
    let pattern = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let outer = chain[0].windows(pattern.len()).rposition(|window| window == pattern).unwrap();
    let mut leaf = chain[0].clone();
    leaf[outer + 7] = 3;
    let refused = verify(&[leaf, chain[1].clone()], &authority.bundles(), Role::Client, NOW);
    let refused = refused.unwrap_err();
    let expected = matches!(refused, PeerRefused::WeakSignature | PeerRefused::Unreadable(_));
    assert!(expected, "{refused:?}");
}

#[test]
fn a_signature_of_nobody_is_refused() {
    struct Nobody(KeyPair);
    impl PublicKeyData for Nobody {
        fn der_bytes(&self) -> &[u8] {
            self.0.der_bytes()
        }
        fn algorithm(&self) -> &'static SignatureAlgorithm {
            self.0.algorithm()
        }
    }
    impl SigningKey for Nobody {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
            // r = 0, s = 0: the signature that once passed for everything.
            Ok(vec![0x30, 6, 2, 1, 0, 2, 1, 0])
        }
    }
    let authority = Authority::of("a.test");
    let leaf = leaf_params(&authority.id("web").to_string());
    let nobody = Nobody(KeyPair::generate().unwrap());
    let leaf = signed(&leaf, &nobody.0, (authority.intermediate.der(), &nobody));
    let chain = [leaf, authority.intermediate.der().to_vec()];
    let refused = verify(&chain, &authority.bundles(), Role::Client, NOW);
    assert_eq!(refused, Err(PeerRefused::BadSignature));
}
