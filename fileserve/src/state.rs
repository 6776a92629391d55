//! What tells one state of a file from another: its identity, its length, and its times of change.
//!
//! Two equal states mean the same bytes, as far as the system lets anybody know: a write changes both times, and nobody
//! can set that of the inode back. Writes through a memory map, and two writes within one tick of the system's clock,
//! need not change a time; for the latter see [`State::is_settled`].

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// Longer than a tick of any file system's clock that is in use: FAT counts in two seconds.
const TICK: Duration = Duration::from_secs(2);

/// One state of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) len: u64,
    pub(crate) modified: Option<SystemTime>,
    /// When the inode was changed.
    pub(crate) changed: Option<SystemTime>,
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl State {
    /// That of an open file.
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            len: metadata.len(),
            modified: time(metadata.mtime(), metadata.mtime_nsec()),
            changed: time(metadata.ctime(), metadata.ctime_nsec()),
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// That of an open file.
    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let (modified, changed) = (metadata.modified().ok(), metadata.created().ok());
        Self { len: metadata.len(), modified, changed, device: 0, inode: 0 }
    }

    /// That of a regular file, as stat(2) tells it.
    #[cfg(unix)]
    pub(crate) fn of_file(stat: &rustix::fs::Stat) -> Option<Self> {
        use rustix::fs::FileType;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file.then(|| Self {
            len: stat.st_size as _,
            modified: time(stat.st_mtime as _, stat.st_mtime_nsec as _),
            changed: time(stat.st_ctime as _, stat.st_ctime_nsec as _),
            device: stat.st_dev as _,
            inode: stat.st_ino as _,
        })
    }

    /// Whether the last change is so long ago that another one would show in the times.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let is_old = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age > TICK);
        self.changed.or(self.modified).is_some_and(is_old)
    }
}

#[cfg(unix)]
fn time(seconds: i64, nanoseconds: i64) -> Option<SystemTime> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = match seconds {
        ..0 => SystemTime::UNIX_EPOCH.checked_sub(whole),
        0.. => SystemTime::UNIX_EPOCH.checked_add(whole),
    };
    time?.checked_add(Duration::from_nanos(nanoseconds.unsigned_abs()))
}

#[cfg(test)]
impl State {
    /// One that differs from others by its length and its time.
    pub(crate) fn example(len: u64, modified: Option<SystemTime>) -> Self {
        Self { len, modified, changed: modified, device: 0, inode: 0 }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn an_open_file_and_stat_tell_the_same() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let of_open = State::of(&File::open(path).unwrap().metadata().unwrap());
        assert_eq!(State::of_file(&rustix::fs::stat(path).unwrap()), Some(of_open));
        assert_eq!(State::of_file(&rustix::fs::stat("/").unwrap()), None, "a directory");
    }

    #[test]
    fn times_before_1970() {
        assert_eq!(time(-1, 500_000_000), SystemTime::UNIX_EPOCH.checked_sub(Duration::from_millis(500)));
        assert_eq!(time(1, 5), SystemTime::UNIX_EPOCH.checked_add(Duration::new(1, 5)));
    }

    #[test]
    fn what_has_just_changed_may_change_again_unseen() {
        let now = SystemTime::now();
        let changed = |ago| State::example(1, Some(now - Duration::from_millis(ago))).is_settled(now);
        assert!(changed(2_001) && !changed(2_000) && !changed(0));
        assert!(!State::example(1, Some(now + Duration::from_secs(1))).is_settled(now), "of another clock");
    }
}
