//! Header compression (RFC 7541): a decoder with its dynamic table, and an
//! encoder without one, so that nothing a peer does can make what we send
//! depend on anything but the message itself.

mod decoder;
mod encoder;
mod error;
mod fixed;
mod huffman;
mod integer;
mod list;
mod table;

pub use decoder::Decoder;
pub use encoder::{
    encode_authority, encode_field, encode_method, encode_path, encode_protocol, encode_scheme,
    encode_status,
};
pub use error::HpackError;
pub use list::FieldList;

#[cfg(test)]
mod tests;
