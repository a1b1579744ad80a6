//! Body bytes on their way: how many are held at a time, and how they are
//! framed again.

use wire::http1::write_chunk_head;

/// The most body bytes that are in our hands at a time, per direction.
pub(crate) const BODY_WINDOW: usize = 64 * 1024;

/// Body bytes, as they are or as one chunk.
pub(crate) fn write_body(out: &mut Vec<u8>, data: &[u8], chunked: bool) {
    if data.is_empty() {
        return;
    }
    if chunked {
        write_chunk_head(out, data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    } else {
        out.extend_from_slice(data);
    }
}
