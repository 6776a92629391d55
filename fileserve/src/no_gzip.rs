//! In the place of `gzip` without the feature of that name: nothing is compressed.

use crate::content::Content;
use switchboard_core::Body;

/// Nothing: the file is sent as it is.
pub(crate) fn body(_: Content, _: u64, _: impl FnOnce(Vec<u8>) + Send + 'static, _: usize) -> Option<Body> {
    None
}
