//! What a door does with what it is pushed, and with the state it left on
//! disk. These two files of `proxy` are private there, and are built here once
//! more as they stand: what is fuzzed is what runs.
#![allow(dead_code, reason = "a part of each is enough")]

#[path = "../../../plane/proxy/src/last_good.rs"]
pub(crate) mod last_good;
#[path = "../../../plane/proxy/src/slice.rs"]
pub(crate) mod slice;
