//! A certificate in DER: read to its last byte or not at all, and what was
//! read twice is the same.

use wire::x509::{self, Certificate};

pub(super) fn run(input: &[u8]) {
    let (facts, certificate) = (x509::read(input), Certificate::parse(input));
    let Ok(facts) = facts else { return };
    let certificate = certificate.expect("what says something was taken apart");
    assert_eq!(certificate.facts().as_ref(), Ok(&facts));
    assert!(facts.serial.len() <= 20 && facts.serial.first() != Some(&0));
    for part in [certificate.signed_part(), certificate.issuer(), certificate.subject()] {
        assert!(part.len() < input.len() && part.first() == Some(&0x30), "{part:x?}");
    }
    assert!(certificate.public_key().first() == Some(&0x30));
    let (longer, shorter) = ([input, &[0]].concat(), &input[..input.len() - 1]);
    assert!(x509::read(&longer).is_err() && x509::read(shorter).is_err());
}
