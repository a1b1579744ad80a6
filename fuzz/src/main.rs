//! libFuzzer on one target, named by `POSTERN_FUZZ_TARGET`. Without a target
//! of that name it lists them, each with the length of its longest input;
//! with `POSTERN_FUZZ_WORDS` it prints the target's words as a dictionary.
#![no_main]

use std::env;
use std::process::exit;
use std::sync::OnceLock;

use fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&Target> = OnceLock::new();

fuzz_target!(
    init: choose(),
    |input: &[u8]| if let Some(target) = TARGET.get() {
        target.try_input(input);
    }
);

fn choose() {
    let name = env::var("POSTERN_FUZZ_TARGET").unwrap_or_default();
    let Some(target) = fuzz::find(&name) else {
        fuzz::ALL.iter().for_each(|target| println!("{} {}", target.name, target.bytes_max));
        exit(0);
    };
    if env::var_os("POSTERN_FUZZ_WORDS").is_some() {
        target.words.iter().for_each(|word| println!("\"{}\"", escaped(word)));
        exit(0);
    }
    TARGET.get_or_init(|| target);
}

/// As libFuzzer reads its dictionaries.
fn escaped(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    let escape = |byte: u8| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("\\x{byte:02x}"),
    };
    word.bytes().map(escape).collect()
}
