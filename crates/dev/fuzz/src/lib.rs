//! Fuzz targets, one for each decoder: what no input may ever do to it. Here
//! they are plain functions, tried by plain tests over a small corpus and what
//! a repeatable mutator makes of it; `fuzz/` runs them for long under libFuzzer.

mod authority;
mod corpus;
mod door;
mod meter;
mod mutate;
mod parts;
mod target;
mod targets;

pub use corpus::{Input, inputs};
pub use mutate::Mutator;
pub use target::Target;
pub use targets::{ALL, find};
