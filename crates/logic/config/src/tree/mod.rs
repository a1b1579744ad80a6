//! A source as a tree in which every node knows its line and column. Nothing
//! is interpreted here.

mod build;
mod node;

pub(crate) use build::trees;
pub(crate) use node::{Content, Field, Node};
