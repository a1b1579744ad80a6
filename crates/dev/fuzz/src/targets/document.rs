//! Documents: every problem has its place in the text and is one line; what
//! is written back reads the same; and what fits together can be cut and
//! compiled for each of its doors.

use std::collections::BTreeMap;

use config::{Document, Problem, Severity, Source, World};
use model::Generation;

const FILE: &str = "fuzz.yaml";

pub(super) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
    let sources = [Source { name: FILE.to_owned(), text }];
    let (documents, problems) = config::parse(&sources);
    problems.iter().for_each(|problem| check_problem(problem, lines));
    documents.iter().for_each(check_written_back);
    match config::read(&sources).over(Vec::new()) {
        Err(problems) => {
            assert!(problems.iter().any(|problem| problem.severity == Severity::Error));
            problems.iter().for_each(|problem| check_problem(problem, lines));
        }
        Ok(world) => {
            assert!(problems.is_empty(), "{problems:?}");
            world.warnings().iter().for_each(|problem| check_problem(problem, lines));
            check_doors(&world);
        }
    }
}

fn check_problem(problem: &Problem, lines: usize) {
    assert_eq!(problem.file, FILE, "{problem}");
    assert!(problem.line >= 1 && problem.column >= 1, "{problem}");
    assert!(problem.line as usize <= lines + 1, "{problem}: there are {lines} lines");
    assert!(!problem.message.is_empty());
    let hint = problem.hint.iter();
    let speaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let is_one_line = |text: &String| !text.contains(speaks);
    assert!(std::iter::once(&problem.message).chain(hint).all(is_one_line), "{problem}");
}

fn check_written_back(document: &Document) {
    for text in [document.to_json(), document.to_yaml()] {
        let sources = [Source { name: "again".to_owned(), text: text.clone() }];
        let (again, problems) = config::parse(&sources);
        assert!(problems.is_empty(), "{problems:?}\n{text}");
        assert_eq!(again, std::slice::from_ref(document), "{text}");
    }
}

/// What one door is told stands by itself.
fn check_doors(world: &World) {
    let doors = world.services().keys().chain(world.gateways().keys());
    for door in doors {
        let slice = config::slice(world, door).expect("a door has a slice");
        let source = |part: config::SliceDocument| Source { name: part.name, text: part.json };
        let sources: Vec<_> = slice.into_iter().map(source).collect();
        let (documents, problems) = config::parse(&sources);
        assert!(problems.is_empty(), "{problems:?}");
        let generation = Generation { epoch: 1, counter: 1 };
        let compiled = config::compile(documents, &BTreeMap::new(), door, generation);
        let snapshot = compiled.unwrap_or_else(|problems| panic!("{door}: {problems:?}"));
        assert_eq!(&snapshot.door, door);
    }
}
