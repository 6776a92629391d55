//! Small files that are asked for often, in memory.
//!
//! # Theory of operation
//!
//! ```text
//!   path ──▶ kept? ──▶ one stat: the same state? ──▶ its bytes and fields, without an open, a read or a close
//!              │                     │ no
//!              └──▶ opened ◀─────────┘
//!                     └──▶ the second time: read whole, and kept
//! ```
//!
//! # Rules
//!
//! 1. What is kept was opened through the door, and is served as long as the disk has the same: before each answer its
//!    path is asked for its [`State`], unless a [`Cache::freshness`] says that this need not be.
//! 2. A file is kept the second time it is asked for: one visit of a crawler fills nothing.
//! 3. A file that has changed within the last two seconds is not kept, nor one that changes while it is read: its next
//!    change might not show in its times.
//! 4. A stat follows links that the door may refuse by now, and does not see what was written through a memory map. So
//!    a path is opened, and its file read, again once a second: a folder that was moved out of the root and replaced by
//!    a link to where it is now is served for that long.
//! 5. Beyond [`Cache::size`] files leave in the order they came; one that was used since it came, or since it was last
//!    passed over, is passed over (the clock, or second chance).

use crate::content::Content;
use crate::encoding::Coding;
use crate::representation::Representation;
use crate::resolve::Opened;
use crate::state::State;
use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::time::{Duration, SystemTime};

/// How much is kept in memory, and how closely it is compared with the disk.
///
/// A file is kept when it is asked for the second time, unless it has changed within the last two seconds, with the
/// fields that are sent with it. What has been asked for since it came stays longer than what has not.
///
/// ```
/// use std::time::Duration;
/// use switchboard::fileserve::{Cache, Directory};
///
/// let directory = Directory::new(".")?.cache(Cache { freshness: Duration::from_secs(1), ..Cache::default() });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// Bytes in all, with what it takes to keep them; 0 keeps nothing. By default 32 MiB.
    pub size: usize,
    /// The largest file that is kept, in bytes. By default 256 KiB.
    pub file_size: usize,
    /// How long an answer may be given without asking the disk whether it is still right. By default not at all: each
    /// answer costs one stat (with [`Symlinks::Never`](crate::Symlinks::Never), an open), which finds every change of a
    /// file but those that leave its times as they were, as writes through a memory map may. It does not find that the
    /// way to the file now leads out of the root, to that same file; a path is opened again once a second for that.
    ///
    /// With any other value a file may be served for so long after it was changed, deleted or forbidden.
    pub freshness: Duration,
}

impl Cache {
    /// Keeps nothing: every file is opened and read each time.
    pub const OFF: Self = Self { size: 0, file_size: 0, freshness: Duration::ZERO };
}

impl Default for Cache {
    fn default() -> Self {
        Self { size: 32 << 20, file_size: 256 << 10, freshness: Duration::ZERO }
    }
}

/// What an entry takes beside its content and its path, roughly.
const OVERHEAD: usize = 1024;

/// How long a path may go without being opened again.
const WALK: Duration = Duration::from_secs(1);

/// How many paths are remembered as seen once; others that hash to the same place displace them.
const SEEN: usize = 8192;

/// The files that are kept.
#[derive(Debug)]
pub(crate) struct Shelf {
    knobs: Cache,
    kept: RwLock<Kept>,
    seen: Box<[AtomicU64]>,
    hashes: RandomState,
}

#[derive(Debug, Default)]
struct Kept {
    /// By their paths, whose text is hashed faster than their names one by one.
    entries: HashMap<OsString, Arc<Entry>>,
    /// In the order they came; some may have gone since.
    order: VecDeque<Weak<Entry>>,
    bytes: usize,
}

/// A file that is kept.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) representation: Representation,
    /// The same, compressed, once somebody has asked for it.
    pub(crate) compressed: OnceLock<Representation>,
    path: PathBuf,
    state: State,
    size: AtomicUsize,
    is_used: AtomicBool,
    /// When its state was last found right.
    checked: Moment,
    /// When its path was last opened.
    walked: Moment,
}

/// A time that threads share, in milliseconds since 1970.
#[derive(Debug)]
struct Moment(AtomicU64);

impl Moment {
    fn new(now: SystemTime) -> Self {
        Self(AtomicU64::new(millis(now)))
    }

    fn set(&self, now: SystemTime) {
        self.0.store(millis(now), Relaxed);
    }

    /// Whether less than `age` has passed; not if the clock has been set back.
    fn is_within(&self, age: Duration, now: SystemTime) -> bool {
        let passed = millis(now).checked_sub(self.0.load(Relaxed));
        passed.is_some_and(|passed| u128::from(passed) < age.as_millis())
    }
}

fn millis(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

impl Entry {
    /// Whether it is sent as that: the same file may answer for itself, and as a coded form of another one.
    fn is(&self, coding: Option<Coding>) -> bool {
        self.representation.about().coding == coding
    }

    fn has(&self, content: &[u8]) -> bool {
        matches!(self.representation.content(), Content::Memory(kept) if **kept == *content)
    }
}

impl Shelf {
    pub(crate) fn new(knobs: Cache) -> Self {
        let seen = if knobs.size == 0 { 0 } else { SEEN };
        Self {
            knobs,
            kept: RwLock::default(),
            seen: (0..seen).map(|_| AtomicU64::new(0)).collect(),
            hashes: RandomState::new(),
        }
    }

    /// What is kept of `path`, if `state`, its state now, says that it is still so.
    pub(crate) fn get(
        &self,
        path: &Path,
        coding: Option<Coding>,
        now: SystemTime,
        state: impl FnOnce() -> Option<State>,
    ) -> Option<Arc<Entry>> {
        if self.knobs.size == 0 {
            return None;
        }
        let entry = self.read().entries.get(path.as_os_str()).filter(|entry| entry.is(coding))?.clone();
        if self.knobs.freshness.is_zero() || !entry.checked.is_within(self.knobs.freshness, now) {
            if !entry.walked.is_within(WALK, now) {
                return None; // opened again, it is offered again
            }
            if state().as_ref() != Some(&entry.state) {
                self.write().remove(path);
                return None;
            }
            if !self.knobs.freshness.is_zero() {
                entry.checked.set(now);
            }
        }
        entry.is_used.store(true, Relaxed);
        Some(entry)
    }

    /// Keeps a file that was opened at `path`, if it is worth it; `represent` says what is sent with its content.
    pub(crate) fn offer(
        &self,
        path: &Path,
        coding: Option<Coding>,
        opened: &Opened,
        now: SystemTime,
        represent: impl FnOnce(Arc<[u8]>) -> Representation,
    ) -> Option<Arc<Entry>> {
        if self.knobs.size == 0 {
            return None;
        }
        let size = usize::try_from(opened.state.len).ok()?.saturating_add(path.as_os_str().len() + OVERHEAD);
        let is_small = opened.state.len <= self.knobs.file_size as u64 && size <= self.knobs.size;
        if !is_small || !opened.state.is_settled(now) || !self.was_seen(path) {
            return None;
        }
        let content = read_unchanged(&opened.file, &opened.state).ok()??;
        let kept = self.read().entries.get(path.as_os_str()).filter(|entry| entry.is(coding)).cloned();
        if let Some(entry) = kept.filter(|entry| entry.state == opened.state && entry.has(&content)) {
            entry.walked.set(now);
            entry.checked.set(now);
            return Some(entry);
        }
        let entry = Arc::new(Entry {
            representation: represent(content.into()),
            compressed: OnceLock::new(),
            path: path.into(),
            state: opened.state.clone(),
            size: size.into(),
            is_used: AtomicBool::new(false),
            checked: Moment::new(now),
            walked: Moment::new(now),
        });
        self.write().insert(&entry, self.knobs.size);
        Some(entry)
    }

    /// Keeps the compressed form of an entry beside it, if that is still kept.
    pub(crate) fn attach(&self, entry: &Arc<Entry>, compressed: Representation) {
        let size = compressed.size();
        let mut kept = self.write();
        if kept.keeps(entry) && entry.compressed.set(compressed).is_ok() {
            entry.size.fetch_add(size, Relaxed);
            kept.bytes += size;
            kept.make_room(self.knobs.size);
        }
    }

    /// Whether this path was asked for before, as far as is remembered.
    fn was_seen(&self, path: &Path) -> bool {
        let hash = self.hashes.hash_one(path.as_os_str());
        let place = &self.seen[hash as usize % SEEN];
        place.swap(hash, Relaxed) == hash
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn insert(&mut self, entry: &Arc<Entry>, most: usize) {
        self.remove(&entry.path);
        self.bytes += entry.size.load(Relaxed);
        self.entries.insert(entry.path.clone().into(), entry.clone());
        self.order.push_back(Arc::downgrade(entry));
        self.make_room(most);
    }

    fn make_room(&mut self, most: usize) {
        while self.bytes > most
            && let Some(oldest) = self.order.pop_front()
        {
            match oldest.upgrade().filter(|entry| self.keeps(entry)) {
                Some(entry) if entry.is_used.swap(false, Relaxed) => self.order.push_back(oldest),
                Some(entry) => self.remove(&entry.path),
                None => {}
            }
        }
        // A file that changes often leaves its former entries in there.
        if self.order.len() > 2 * self.entries.len() + 64 {
            let order = std::mem::take(&mut self.order);
            self.order =
                order.into_iter().filter(|entry| entry.upgrade().is_some_and(|entry| self.keeps(&entry))).collect();
        }
    }

    fn keeps(&self, entry: &Arc<Entry>) -> bool {
        self.entries.get(entry.path.as_os_str()).is_some_and(|kept| Arc::ptr_eq(kept, entry))
    }

    fn remove(&mut self, path: &Path) {
        if let Some(entry) = self.entries.remove(path.as_os_str()) {
            self.bytes -= entry.size.load(Relaxed);
        }
    }
}

/// The whole content of a file; `None` if it is no longer what it was when it was opened.
fn read_unchanged(file: &File, state: &State) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::with_capacity(state.len as usize + 1);
    file.take(state.len + 1).read_to_end(&mut content)?;
    let is_same = content.len() as u64 == state.len && State::of(&file.metadata()?) == *state;
    Ok(is_same.then_some(content))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::conditional::Validators;
    use crate::representation::About;
    use crate::testing::Tree;

    /// One file.
    struct Disk(Tree);

    impl Disk {
        fn with(content: &str) -> Self {
            let tree = Tree::new(&[]);
            tree.write("file", content);
            Self(tree)
        }

        fn open(&self) -> Opened {
            let file = File::open(self.0.path("file")).unwrap();
            Opened { state: State::of(&file.metadata().unwrap()), file }
        }
    }

    fn represent(bytes: Arc<[u8]>, coding: Option<Coding>) -> Representation {
        let about = About {
            validators: Validators::none(),
            media_type: "text/plain".into(),
            cache_control: "no-cache".into(),
            coding,
            varies: false,
            has_ranges: true,
        };
        let len = bytes.len() as u64;
        Representation::new(Content::Memory(bytes), len, about)
    }

    /// Long after the files of these tests were made.
    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(60)
    }

    fn offer(shelf: &Shelf, path: &str, disk: &Disk, now: SystemTime) -> Option<Arc<Entry>> {
        shelf.offer(Path::new(path), None, &disk.open(), now, |bytes| represent(bytes, None))
    }

    /// Offers it until it is kept.
    fn keep(shelf: &Shelf, path: &str, disk: &Disk, now: SystemTime) -> Arc<Entry> {
        assert!(offer(shelf, path, disk, now).is_none());
        offer(shelf, path, disk, now).expect("it is kept the second time")
    }

    fn get(shelf: &Shelf, path: &str, now: SystemTime, state: Option<&State>) -> Option<Arc<Entry>> {
        shelf.get(Path::new(path), None, now, || state.cloned())
    }

    #[test]
    fn what_is_asked_for_twice_is_kept_as_long_as_it_is_the_same() {
        let (shelf, disk, now) = (Shelf::new(Cache::default()), Disk::with("content"), later());
        let state = disk.open().state;
        assert!(get(&shelf, "a", now, Some(&state)).is_none());
        keep(&shelf, "a", &disk, now);
        let mut bytes = [0; 7];
        let entry = get(&shelf, "a", now, Some(&state)).expect("it is kept");
        entry.representation.content().read_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"content");
        let changed = State { modified: None, ..state.clone() };
        assert!(get(&shelf, "a", now, Some(&changed)).is_none(), "it has changed");
        assert!(get(&shelf, "a", now, Some(&state)).is_none(), "and is not kept any more");
        keep(&shelf, "b", &disk, now);
        assert!(get(&shelf, "b", now, None).is_none(), "it has gone");
        assert_eq!(shelf.read().bytes, 0);
    }

    #[test]
    fn what_may_change_unseen_is_not_kept() {
        let (shelf, disk) = (Shelf::new(Cache::default()), Disk::with("content"));
        for _ in 0..5 {
            assert!(offer(&shelf, "a", &disk, SystemTime::now()).is_none(), "it is too young");
        }
        let opened = disk.open();
        disk.0.write("file", "longer content");
        for _ in 0..5 {
            let kept = shelf.offer(Path::new("b"), None, &opened, later(), |bytes| represent(bytes, None));
            assert!(kept.is_none(), "it has changed since it was opened");
        }
        let opened = Opened { state: State { modified: None, ..disk.open().state }, ..disk.open() };
        for _ in 0..5 {
            let kept = shelf.offer(Path::new("c"), None, &opened, later(), |bytes| represent(bytes, None));
            assert!(kept.is_none(), "so it has, though it is as long");
        }
    }

    #[test]
    fn a_freshness_saves_the_question() {
        let shelf = Shelf::new(Cache { freshness: Duration::from_secs(5), ..Cache::default() });
        let (disk, now) = (Disk::with("content"), later());
        keep(&shelf, "a", &disk, now);
        let ask = |now| shelf.get(Path::new("a"), None, now, || panic!("asked")).is_some();
        assert!(ask(now) && ask(now + Duration::from_millis(4_999)));
        let after = now + Duration::from_secs(5);
        assert!(get(&shelf, "a", after, Some(&disk.open().state)).is_none(), "its path has to be opened again");
        assert!(offer(&shelf, "a", &disk, after).is_some());
        assert!(ask(after + Duration::from_millis(4_999)));
        assert!(get(&shelf, "a", now - Duration::from_secs(60), None).is_none(), "the clock was set back");
    }

    #[test]
    fn a_path_is_opened_again_once_a_second() {
        let (shelf, disk, now) = (Shelf::new(Cache::default()), Disk::with("content"), later());
        let first = keep(&shelf, "a", &disk, now);
        let state = disk.open().state;
        assert!(get(&shelf, "a", now + Duration::from_millis(999), Some(&state)).is_some());
        let after = now + WALK;
        assert!(get(&shelf, "a", after, Some(&state)).is_none());
        let again = offer(&shelf, "a", &disk, after).expect("it is still kept");
        assert!(Arc::ptr_eq(&first, &again), "as it was");
        assert!(get(&shelf, "a", after, Some(&state)).is_some());
    }

    #[test]
    fn a_file_and_what_it_is_a_coded_form_of_are_not_mistaken() {
        let (shelf, disk, now) = (Shelf::new(Cache::default()), Disk::with("content"), later());
        keep(&shelf, "a.gz", &disk, now);
        let state = disk.open().state;
        let as_coded = || shelf.get(Path::new("a.gz"), Some(Coding::Gzip), now, || Some(state.clone()));
        assert!(as_coded().is_none());
        let coded = |bytes| represent(bytes, Some(Coding::Gzip));
        shelf.offer(Path::new("a.gz"), Some(Coding::Gzip), &disk.open(), now, coded).expect("it was seen");
        assert!(as_coded().is_some());
        assert!(get(&shelf, "a.gz", now, Some(&state)).is_none());
    }

    #[test]
    fn it_never_takes_more_than_it_may() {
        let (disk, now) = (Disk::with(&"x".repeat(1_000)), later());
        let shelf = Shelf::new(Cache { size: 7_000, ..Cache::default() });
        let state = disk.open().state;
        for path in ["a", "b", "c"] {
            keep(&shelf, path, &disk, now);
        }
        assert!(get(&shelf, "a", now, Some(&state)).is_some());
        keep(&shelf, "d", &disk, now);
        let kept = ["a", "b", "c", "d"].map(|path| get(&shelf, path, now, Some(&state)).is_some());
        assert_eq!(kept, [true, false, true, true], "the oldest that was not used has left");
        assert!(shelf.read().bytes <= 7_000);
        let entry = get(&shelf, "d", now, Some(&state)).unwrap();
        shelf.attach(&entry, represent(vec![b'x'; 900].into(), Some(Coding::Gzip)));
        assert!(shelf.read().bytes <= 7_000);
        let bytes: usize = shelf.read().entries.values().map(|entry| entry.size.load(Relaxed)).sum();
        assert_eq!(shelf.read().bytes, bytes);
    }

    #[test]
    fn a_file_that_changes_often_leaves_nothing_behind() {
        let (shelf, now) = (Shelf::new(Cache::default()), later());
        for _ in 0..1_000 {
            let disk = Disk::with("content");
            offer(&shelf, "a", &disk, now);
            assert!(offer(&shelf, "a", &disk, now).is_some());
        }
        assert_eq!(shelf.read().entries.len(), 1);
        assert!(shelf.read().order.len() < 100);
    }

    #[test]
    fn what_is_too_large_or_off_is_not_kept() {
        let (disk, now) = (Disk::with("content"), later());
        for cache in [Cache::OFF, Cache { file_size: 6, ..Cache::default() }, Cache { size: 100, ..Cache::default() }] {
            let shelf = Shelf::new(cache);
            assert!((0..5).all(|_| offer(&shelf, "a", &disk, now).is_none()), "{cache:?}");
        }
    }

    #[test]
    fn a_file_that_changed_is_read_again_when_its_path_is_opened() {
        let (shelf, disk, now) = (Shelf::new(Cache::default()), Disk::with("before"), later());
        keep(&shelf, "a", &disk, now);
        disk.0.write("file", "longer than before");
        let after = now + WALK;
        assert!(get(&shelf, "a", after, None).is_none(), "its path has to be opened again");
        let entry = offer(&shelf, "a", &disk, after).expect("it is kept again");
        let mut bytes = [0; 18];
        assert_eq!(entry.representation.content().read_at(&mut bytes, 0).unwrap(), 18);
        assert_eq!(&bytes, b"longer than before");
    }

    #[test]
    fn what_is_counted_is_what_is_kept() {
        let (shelf, disk, now) =
            (Shelf::new(Cache { size: 3_000, ..Cache::default() }), Disk::with("content"), later());
        let counted = || {
            let kept = shelf.read();
            assert_eq!(kept.bytes, kept.entries.values().map(|entry| entry.size.load(Relaxed)).sum());
            kept.bytes
        };
        let first = keep(&shelf, "a", &disk, now);
        disk.0.write("file", "content of another length");
        let second = offer(&shelf, "a", &disk, now).expect("it was seen");
        let before = counted();
        shelf.attach(&first, represent([b'x'; 100].as_slice().into(), Some(Coding::Gzip)));
        assert_eq!(counted(), before, "it is not kept any more");
        keep(&shelf, "b", &disk, now);
        shelf.attach(&second, represent([b'x'; 1_500].as_slice().into(), Some(Coding::Gzip)));
        assert!(counted() <= 3_000);
    }

    #[test]
    fn a_question_counts_for_as_long_as_the_freshness() {
        let shelf = Shelf::new(Cache { freshness: Duration::from_millis(100), ..Cache::default() });
        let (disk, now) = (Disk::with("content"), later());
        keep(&shelf, "a", &disk, now);
        let state = disk.open().state;
        assert!(get(&shelf, "a", now + Duration::from_millis(100), Some(&state)).is_some());
        let ask = |after| shelf.get(Path::new("a"), None, now + Duration::from_millis(after), || panic!("asked"));
        assert!(ask(199).is_some());
    }

    #[test]
    fn what_changed_and_kept_its_times_is_seen_once_a_second() {
        let (shelf, disk, now) = (Shelf::new(Cache::default()), Disk::with("content"), later());
        assert!(offer(&shelf, "a", &disk, now).is_none());
        let written_through_a_map = |_| represent(b"CONTENT".as_slice().into(), None);
        let kept = shelf.offer(Path::new("a"), None, &disk.open(), now, written_through_a_map).expect("it was seen");
        let again = offer(&shelf, "a", &disk, now + WALK).expect("it is kept again");
        assert!(kept.has(b"CONTENT") && again.has(b"content"));
    }
}
