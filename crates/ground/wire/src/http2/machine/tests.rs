//! One side of a connection against frames written by hand: what each frame
//! does, and its legal twin.

mod bodies;
mod endings;
mod floods;
mod flow;
mod garbage;
mod heads;
mod limits;
mod order;
mod pair;
mod random;
mod raw;
mod senders;
mod states;
