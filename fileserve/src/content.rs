//! The bytes of a representation, wherever they are: in an open file, or in memory.

use std::fs::File;
use std::io;
use std::sync::Arc;
use switchboard_core::Body;

/// Bytes that can be read at any place, from several answers at once.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    File(Arc<File>),
    Memory(Arc<[u8]>),
}

impl Content {
    /// Fills `buf` from `offset` on, as far as the content goes; answers how many bytes there were.
    pub(crate) fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::File(file) => read_file_at(file, buf, offset),
            Self::Memory(bytes) => {
                let rest = behind(bytes, offset);
                let read = rest.len().min(buf.len());
                buf[..read].copy_from_slice(&rest[..read]);
                Ok(read)
            }
        }
    }

    /// `len` bytes from `offset` on, to be sent: copied if they are a part of what is in memory, else shared.
    pub(crate) fn body(self, offset: u64, len: u64) -> Body {
        match self {
            Self::File(file) => Body::File { file, offset, len },
            Self::Memory(bytes) if offset == 0 && len >= bytes.len() as u64 => Body::Shared(bytes),
            Self::Memory(bytes) => {
                let rest = behind(&bytes, offset);
                let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
                Body::Bytes(rest[..len].to_vec())
            }
        }
    }
}

/// What is in `bytes` from `offset` on; nothing behind the end.
fn behind(bytes: &[u8], offset: u64) -> &[u8] {
    usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default()
}

/// The system may read less than is wanted before the end, so it is asked until there is nothing more.
fn read_file_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    use std::os::unix::fs::FileExt;
    let mut filled = 0;
    while filled < buf.len() {
        let at = offset + filled as u64;
        #[cfg(unix)]
        let read = file.read_at(&mut buf[filled..], at);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, &mut buf[filled..], at);
        match read {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
impl Content {
    /// The same bytes in a file and in memory.
    pub(crate) fn examples(bytes: &[u8]) -> [Self; 2] {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("fileserve-content-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        [Self::File(file.into()), Self::Memory(bytes.into())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_core::{Request, block_on};

    #[test]
    fn reads_as_far_as_it_goes() {
        for content in Content::examples(b"0123456789") {
            let read = |offset, wanted: usize| {
                let mut buf = vec![b'.'; wanted];
                let read = content.read_at(&mut buf, offset).unwrap();
                assert!(buf[read..].iter().all(|&byte| byte == b'.'), "{content:?}: what was not read is untouched");
                String::from_utf8(buf[..read].to_vec()).unwrap()
            };
            assert_eq!(read(0, 10), "0123456789", "{content:?}");
            assert_eq!(read(3, 4), "3456", "{content:?}");
            assert_eq!(read(8, 4), "89", "{content:?}");
            assert_eq!([read(10, 4), read(1 << 40, 4), read(3, 0)], [""; 3], "{content:?}");
        }
    }

    #[test]
    fn bodies() {
        let collect = |body: Body| {
            let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
            block_on(body.collect(&mut request)).unwrap()
        };
        for content in Content::examples(b"0123456789") {
            assert_eq!(collect(content.clone().body(0, 10)), b"0123456789", "{content:?}");
            assert_eq!(collect(content.clone().body(3, 4)), b"3456", "{content:?}");
            assert_eq!(collect(content.clone().body(0, 9)), b"012345678", "{content:?}");
            assert_eq!(collect(content.clone().body(9, 1)), b"9", "{content:?}");
        }
        let memory = Content::Memory(Arc::from(*b"0123456789"));
        assert_eq!(collect(memory.clone().body(3, 10)), b"3456789", "no more than there is");
        assert_eq!(collect(memory.body(11, 10)), b"");
    }

    #[test]
    fn the_whole_of_what_is_in_memory_is_not_copied() {
        let bytes: Arc<[u8]> = Arc::from(*b"0123456789");
        let Body::Shared(body) = Content::Memory(bytes.clone()).body(0, 10) else { panic!("a copy") };
        assert!(Arc::ptr_eq(&body, &bytes));
    }
}
