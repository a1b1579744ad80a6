//! Parser events into trees. A source that breaks off in one document goes on
//! in the next; what costs more than it is worth (aliases that multiply, deep
//! nesting, sheer size) is refused.

use std::collections::HashMap;

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, StrInput};

use super::node::{Content, Field, Node};
use crate::problem::{Log, Place};

/// The longest source, in bytes.
const SOURCE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Collections inside collections, of either style.
const DEPTH_MAX: usize = 64;
/// What one source may grow to, counted in nodes and in each 32 bytes of
/// text; what an alias stands for is counted again each time, so that a chain
/// of aliases in aliases stays below a depth of a thousand.
const WEIGHT_MAX: usize = 400_000;

/// The documents of a source, and whether some part of it is unreadable.
pub(crate) fn trees(text: &str, log: &mut Log) -> (Vec<Node>, bool) {
    if text.len() > SOURCE_BYTES_MAX {
        let place = Place { line: 1, column: 1 };
        log.error(place, format!("a source has at most {SOURCE_BYTES_MAX} bytes"));
        return (Vec::new(), true);
    }
    let mut builder = Builder::new(log);
    let mut parser = Parser::new_from_str_with_options(text, options());
    let mut is_torn = false;
    while let Some(next) = parser.next_event() {
        let step = match next {
            Ok((event, span)) => builder.take(event, place_of(&span.start)),
            Err(error) => {
                builder.log.error(place_of(error.marker()), error.info());
                Step::NextDocument
            }
        };
        is_torn |= step != Step::Go;
        match step {
            Step::Go => {}
            Step::NextDocument if builder.abandon(&mut parser) => {}
            Step::NextDocument | Step::Stop => break,
        }
    }
    (builder.roots, is_torn)
}

fn options() -> Options {
    granit_parser::options! {
        disallow_directives: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    }
}

fn place_of(marker: &Marker) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place { line: number(marker.line()), column: number(marker.col()).saturating_add(1) }
}

/// What to do after an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Go,
    /// This document is lost; the next may be fine.
    NextDocument,
    /// Nothing more is read from this source.
    Stop,
}

struct Builder<'l> {
    log: &'l mut Log,
    roots: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    weight: usize,
}

/// A collection whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    weight_before: usize,
    content: Growing,
}

enum Growing {
    Sequence(Vec<Node>),
    Mapping { fields: Vec<Field>, key: Option<Key> },
}

struct Key {
    name: String,
    place: Place,
    /// A key that can't stand: its value is read and dropped.
    is_refused: bool,
}

impl<'l> Builder<'l> {
    fn new(log: &'l mut Log) -> Self {
        Self { log, roots: Vec::new(), open: Vec::new(), anchors: HashMap::new(), weight: 0 }
    }

    fn take(&mut self, event: Event<'_>, place: Place) -> Step {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                let weight = 1 + text.len() / 32;
                let plain = style == ScalarStyle::Plain;
                let content = Content::Scalar { text: text.into_owned(), plain };
                self.add(Node { place, content }, anchor, weight)
            }
            Event::Alias(anchor) => self.repeat(anchor, place),
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                self.begin(place, anchor, Growing::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                self.begin(place, anchor, Growing::Mapping { fields: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            // Anchors hold within their document alone.
            Event::DocumentEnd => {
                self.anchors.clear();
                Step::Go
            }
            _ => Step::Go,
        }
    }

    fn refuse_tag(&mut self, is_tagged: bool, place: Place) {
        if is_tagged {
            self.log.error_with(place, "tags are not read here", "leave the `!…` out");
        }
    }

    fn begin(&mut self, place: Place, anchor: usize, content: Growing) -> Step {
        if self.open.len() >= DEPTH_MAX {
            self.log.error(place, format!("documents nest at most {DEPTH_MAX} deep"));
            return Step::NextDocument;
        }
        self.open.push(Open { place, anchor, weight_before: self.weight, content });
        Step::Go
    }

    fn end(&mut self) -> Step {
        let Some(open) = self.open.pop() else { return Step::Go };
        let content = match open.content {
            Growing::Sequence(items) => Content::Sequence(items),
            Growing::Mapping { fields, .. } => Content::Mapping(fields),
        };
        let inner = self.weight - open.weight_before;
        self.weight = open.weight_before;
        self.add(Node { place: open.place, content }, open.anchor, inner + 1)
    }

    /// A finished node finds its place; `weight` includes what is in it.
    fn add(&mut self, node: Node, anchor: usize, weight: usize) -> Step {
        self.weight += weight;
        if self.weight > WEIGHT_MAX {
            let hint = "split it, or write less with aliases";
            self.log.error_with(node.place, "this source grows too large to be read", hint);
            return Step::Stop;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.roots.push(node),
            Some(Growing::Sequence(items)) => items.push(node),
            Some(Growing::Mapping { fields, key }) => match key.take() {
                None => *key = Some(read_key(node, fields, self.log)),
                Some(Key { is_refused: true, .. }) => {}
                Some(Key { name, place, .. }) => fields.push(Field { name, place, value: node }),
            },
        }
        Step::Go
    }

    /// An alias: what it stands for, once more, at the place of the alias.
    fn repeat(&mut self, anchor: usize, place: Place) -> Step {
        match self.anchors.get(&anchor) {
            None => {
                self.log.error(place, "an alias can't stand inside what it repeats");
                Step::NextDocument
            }
            // Looked at before it is copied: a bomb must not go off here.
            Some((_, weight)) if self.weight + weight > WEIGHT_MAX => {
                let hint = "write less with aliases";
                self.log.error_with(place, "this source grows too large to be read", hint);
                Step::Stop
            }
            Some((node, weight)) => {
                let (content, weight) = (node.content.clone(), *weight);
                self.add(Node { place, content }, 0, weight)
            }
        }
    }

    /// Lets the document go and finds the next; false when there is none.
    fn abandon<'a>(&mut self, parser: &mut Parser<'a, StrInput<'a>>) -> bool {
        self.open.clear();
        self.anchors.clear();
        self.weight = 0;
        parser.proceed_next_document().unwrap_or(false)
    }
}

fn read_key(node: Node, fields: &[Field], log: &mut Log) -> Key {
    let place = node.place;
    let Content::Scalar { text: name, .. } = node.content else {
        log.error(place, "a field's name is a plain text");
        return Key { name: String::new(), place, is_refused: true };
    };
    let earlier = fields.iter().find(|field| field.name == name);
    if let Some(Field { place: Place { line, column }, .. }) = earlier {
        let hint = format!("it stands at {line}:{column} already");
        log.error_with(place, format!("`{name}` is written twice"), hint);
    }
    Key { is_refused: earlier.is_some(), name, place }
}
