//! The modules of a crate and which of them import which, read from the text:
//! `crate::…`, `super::…` and `self::…` paths outside tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace::{Member, Source};

/// Module path (`a::b`, empty for the root) to the modules it uses.
pub(super) type Graph = BTreeMap<String, BTreeSet<String>>;

/// The graph of one crate. A binary's `main.rs` and a library's `lib.rs` only
/// declare and re-export, so the root is left out.
pub(super) fn graph(member: &Member) -> Graph {
    let modules: BTreeSet<String> = member.sources.iter().map(module_of).collect();
    let mut graph = Graph::new();
    for source in member.sources.iter().filter(|source| !is_test(source)) {
        let own = module_of(source);
        if own.is_empty() {
            continue;
        }
        let code = without_tests(&source.text);
        let mut paths = paths_in(&code, &["crate", "super", "self"]);
        paths.extend(through_aliases(&code, &paths, &own, &modules));
        let used = paths.iter().filter_map(|path| resolve(path, &own, &modules));
        let used = used.filter(|module| !module.is_empty() && *module != own);
        graph.entry(own.clone()).or_default().extend(used);
    }
    graph
}

/// `a/b.rs` and `a/b/mod.rs` are `a::b`; `lib.rs` and `main.rs` the root.
fn module_of(source: &Source) -> String {
    let path = source.path.with_extension("");
    let mut parts: Vec<_> =
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts.join("::")
}

fn is_test(source: &Source) -> bool {
    let path = source.path.with_extension("");
    path.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        part == "tests" || part.starts_with("testing") || part == "testdir" || part == "rehearsal"
    })
}

/// The text up to its tests, without comments.
pub(super) fn without_tests(text: &str) -> String {
    let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    let code = code.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// Paths that begin with a module which a `use` has brought in by its name.
fn through_aliases(
    code: &str,
    paths: &[Vec<String>],
    own: &str,
    modules: &BTreeSet<String>,
) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for path in paths {
        let Some(module) = resolve(path, own, modules) else { continue };
        let name = module.rsplit("::").next().unwrap_or_default();
        if path.last().is_none_or(|last| last != name) {
            continue;
        }
        for longer in paths_in(code, &[name]) {
            let parts = module.split("::").map(str::to_owned);
            let parts = std::iter::once("crate".to_owned()).chain(parts);
            found.push(parts.chain(longer.into_iter().skip(1)).collect());
        }
    }
    found
}

/// Every path in the text that begins with one of the words, with groups in
/// braces written out.
fn paths_in(code: &str, first: &[&str]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("::") {
        let before = code.get(..at).unwrap_or_default();
        let word = before.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
        let begins = before.strip_suffix(word).is_none_or(|head| !head.ends_with("::"));
        if begins && first.contains(&word) {
            let rest = code.get(at..).unwrap_or_default();
            expand(rest, vec![word.to_owned()], &mut paths);
        }
    }
    paths
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `rest` begins with `::`; follows it to its ends.
fn expand(rest: &str, so_far: Vec<String>, paths: &mut Vec<Vec<String>>) {
    let Some(rest) = rest.strip_prefix("::") else {
        return paths.push(so_far);
    };
    if let Some(group) = rest.strip_prefix('{') {
        for item in items(group) {
            expand(&format!("::{}", item.trim()), so_far.clone(), paths);
        }
        return;
    }
    let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let (word, rest) = rest.split_at(end);
    if word.is_empty() {
        return paths.push(so_far);
    }
    let mut longer = so_far;
    longer.push(word.to_owned());
    expand(rest, longer, paths);
}

/// The items of a brace group, without what lies after its end.
fn items(group: &str) -> Vec<String> {
    let (mut items, mut item, mut depth) = (Vec::new(), String::new(), 0_usize);
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => items.push(std::mem::take(&mut item)),
            _ => {
                depth = match c {
                    '{' => depth + 1,
                    '}' => depth - 1,
                    _ => depth,
                };
                item.push(c);
            }
        }
    }
    items.push(item);
    items.retain(|item| !item.trim().is_empty());
    items
}

/// The longest prefix of the path that names a module.
fn resolve(path: &[String], own: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut base: Vec<&str> = own.split("::").filter(|part| !part.is_empty()).collect();
    let mut words = path.iter().map(String::as_str).peekable();
    match words.next()? {
        "crate" => base.clear(),
        "super" => _ = base.pop(),
        _ => {}
    }
    while words.next_if_eq(&"super").is_some() {
        base.pop();
    }
    for word in words {
        base.push(word);
    }
    while !base.is_empty() {
        let module = base.join("::");
        if modules.contains(&module) {
            return Some(module);
        }
        base.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_out() {
        let code = "use crate::a::{B, c::{D, e}};\nlet x = super::f::g();\nuse std::fmt;";
        let all = paths_in(code, &["crate", "super", "self"]);
        let paths: Vec<String> = all.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["crate::a::B", "crate::a::c::D", "crate::a::c::e", "super::f::g"]);
    }
}
