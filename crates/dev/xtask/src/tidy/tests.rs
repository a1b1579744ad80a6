//! Breaks every law on purpose and sees that it is noticed.

use std::path::PathBuf;

use super::check;
use crate::workspace::{Member, Source};

fn member(floor: &str, name: &str, imports: &[&str], sources: &[(&str, &str)]) -> Member {
    Member {
        name: name.to_owned(),
        floor: floor.to_owned(),
        folder: PathBuf::from(format!("crates/{floor}/{name}")),
        imports: imports.iter().map(|import| (*import).to_owned()).collect(),
        sources: sources
            .iter()
            .map(|(path, text)| Source { path: path.into(), text: (*text).to_owned() })
            .collect(),
    }
}

fn only_finding(members: &[Member]) -> String {
    let findings = check(members);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.into_iter().next().unwrap()
}

const HEAD: &str = "//! A crate.\n";

#[test]
fn a_house_in_order_has_no_findings() {
    let good = [
        member("ground", "model", &["thiserror"], &[("lib.rs", HEAD)]),
        member("logic", "policy", &["model"], &[("lib.rs", HEAD), ("a.rs", HEAD)]),
        member("dev", "testkit", &["model", "policy"], &[("lib.rs", HEAD)]),
    ];
    assert_eq!(check(&good), Vec::<String>::new());
}

#[test]
fn an_import_that_points_up_is_found() {
    let members = [member("logic", "policy", &["net"], &[]), member("shell", "net", &[], &[])];
    let findings = check(&members);
    assert!(findings.iter().any(|f| f.contains("dependencies point down")), "{findings:?}");
    assert!(findings.iter().any(|f| f.contains("table of imports")), "{findings:?}");
}

#[test]
fn a_plane_that_imports_another_is_found() {
    let members =
        [member("plane", "proxy", &["control"], &[]), member("plane", "control", &[], &[])];
    assert!(only_finding(&members).contains("meet on the wire"));
}

#[test]
fn a_shipped_crate_that_imports_a_tool_is_found() {
    let members =
        [member("logic", "policy", &["testkit"], &[]), member("dev", "testkit", &[], &[])];
    assert!(!check(&members).is_empty());
}

#[test]
fn a_crate_outside_the_table_is_found() {
    assert!(only_finding(&[member("logic", "extra", &[], &[])]).contains("not in the table"));
}

#[test]
fn a_knot_of_modules_is_found_and_shown() {
    let sources = [
        ("a.rs", "//! A.\nuse crate::b::B;\n"),
        ("b.rs", "//! B.\nuse super::c;\n"),
        ("c.rs", "//! C.\nfn f() { crate::a::g() }\n"),
    ];
    let finding = only_finding(&[member("logic", "policy", &[], &sources)]);
    assert!(finding.contains("a -> b -> c -> a"), "{finding}");
}

#[test]
fn a_knot_through_the_name_of_a_module_is_found() {
    let sources = [
        ("a.rs", "//! A.\nuse crate::b;\nfn f() { b::c::g() }\n"),
        ("b.rs", "//! B.\n"),
        ("b/c.rs", "//! C.\nuse crate::a::f;\n"),
    ];
    let finding = only_finding(&[member("logic", "policy", &[], &sources)]);
    assert!(finding.contains("a -> b::c -> a"), "{finding}");
}

#[test]
fn tests_may_use_what_they_test() {
    let sources = [
        ("a.rs", "//! A.\nuse crate::b::B;\n"),
        ("b.rs", "//! B.\n#[cfg(test)]\nmod tests { use crate::a::A; }\n"),
    ];
    assert_eq!(check(&[member("logic", "policy", &[], &sources)]), Vec::<String>::new());
}

#[test]
fn a_file_without_a_head_is_found() {
    let finding = only_finding(&[member("logic", "policy", &[], &[("a.rs", "fn f() {}\n")])]);
    assert!(finding.contains("does not open with"), "{finding}");
}

#[test]
fn a_root_that_defines_something_is_found() {
    let text = "//! A crate.\npub fn f() {}\n";
    let finding = only_finding(&[member("logic", "policy", &[], &[("lib.rs", text)])]);
    assert!(finding.contains("declares and re-exports"), "{finding}");
}

#[test]
fn logic_that_reads_a_clock_or_a_file_is_found() {
    for code in ["std::fs::read(x)", "SystemTime::now()", "tokio::spawn(x)"] {
        let text = format!("//! A.\nfn f() {{ {code} }}\n");
        let finding = only_finding(&[member("logic", "policy", &[], &[("a.rs", &text)])]);
        assert!(finding.contains("is a logic crate"), "{finding}");
    }
}

#[test]
fn a_key_touched_outside_the_signer_is_found() {
    let text = "//! A.\nfn f() { read(CA_KEY_FILE) }\n";
    let finding = only_finding(&[member("plane", "control", &[], &[("admin.rs", text)])]);
    assert!(finding.contains("authority's key"), "{finding}");
    let right = member("plane", "control", &[], &[("ca/signer.rs", text)]);
    assert_eq!(check(&[right]), Vec::<String>::new());
}

#[test]
fn a_metric_named_outside_the_list_is_found() {
    let text = "//! A.\nconst X: &str = \"postern_requests_total\";\n";
    let finding = only_finding(&[member("plane", "proxy", &[], &[("a.rs", text)])]);
    assert!(finding.contains("names.rs"), "{finding}");
}
