//! Which bytes answer for a path: from memory or from the disk, as they are or in a coding the client takes.
//!
//! # Rules
//!
//! 1. A coded form answers only for a file that is there itself, so that what exists does not depend on the client.
//! 2. It is taken from beside the file before it is made, and nothing that is coded is coded again.
//! 3. Where another client would get another coding, every answer says so (Vary), a 304 too.

use crate::cache::{Cache, Entry, Shelf};
use crate::cache_control::Rules;
use crate::conditional::Validators;
use crate::content::Content;
use crate::encoding::{self, Coding};
use crate::gzip;
use crate::media_type::MediaTypes;
use crate::places::Places;
use crate::representation::{About, Representation};
use crate::resolve::{Denied, Found, Root};
use crate::state::State;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use switchboard_core::{Request, Response};

/// The smallest file that is compressed for the client, in bytes: below, it would take as many packets.
const WORTH: u64 = 1024;

/// The files beneath a root, and what is said of them.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) root: Root,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) media_types: MediaTypes,
    pub(crate) cache_control: Rules,
    pub(crate) are_precompressed: bool,
    pub(crate) are_compressed: bool,
    compressing: Places,
}

/// How many files are compressed for clients at once: each takes some 0.6 MB until it is sent. Beyond, they are sent as
/// they are.
const COMPRESSING: usize = 64;

/// What a path leads to.
pub(crate) enum Looked {
    File(Source),
    Directory,
}

/// A file as it can be sent, and where it came from.
pub(crate) enum Source {
    Memory(Arc<Entry>),
    Disk(Representation),
}

impl Deref for Source {
    type Target = Representation;

    fn deref(&self) -> &Representation {
        match self {
            Self::Memory(entry) => &entry.representation,
            Self::Disk(representation) => representation,
        }
    }
}

impl Files {
    pub(crate) fn new(root: Root) -> Self {
        Self {
            root,
            shelf: Arc::new(Shelf::new(Cache::default())),
            media_types: MediaTypes::default(),
            cache_control: Rules::default(),
            are_precompressed: false,
            are_compressed: false,
            compressing: Places::new(COMPRESSING),
        }
    }

    /// What is at `path`.
    pub(crate) fn look(&self, path: &Path, now: SystemTime) -> Result<Looked, Denied> {
        self.look_for(path, None, now, |content, state| self.about(path, content, state, now))
    }

    /// The answer with the file that was found at `path`, in the coding its client likes best.
    pub(crate) fn send(&self, request: &Request, path: &Path, file: &Source, now: SystemTime) -> Response {
        if !file.about().varies {
            return file.respond(request);
        }
        let acceptable: Vec<_> = encoding::acceptable(request.headers()).collect();
        let mut beside = acceptable.iter().filter(|_| self.are_precompressed);
        if let Some(coded) = beside.find_map(|&coding| self.beside(path, file.about(), coding, now)) {
            return coded.respond(request);
        }
        // Half of a compressed file is of no use to who has the other half of the file.
        let is_whole = request.headers().get_bytes("range").is_none();
        if self.is_compressed(file.len()) && is_whole && acceptable.contains(&Coding::Gzip) {
            return self.compressed(request, file);
        }
        file.respond(request)
    }

    /// The coded form of a file that lies beside it, unless it is older: then it was made of another one.
    fn beside(&self, path: &Path, plain: &About, coding: Coding, now: SystemTime) -> Option<Source> {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(coding.extension());
        let about = |_: &Content, state: &State| About {
            validators: Validators::of(state, now),
            coding: Some(coding),
            ..plain.clone()
        };
        match self.look_for(&PathBuf::from(name), Some(coding), now, about) {
            Ok(Looked::File(coded)) => {
                Some(coded).filter(|coded| !coded.about().validators.is_before(&plain.validators))
            }
            Ok(Looked::Directory) | Err(_) => None,
        }
    }

    fn look_for(
        &self,
        path: &Path,
        coding: Option<Coding>,
        now: SystemTime,
        about: impl Fn(&Content, &State) -> About,
    ) -> Result<Looked, Denied> {
        if let Some(entry) = self.shelf.get(path, coding, now, || self.root.state(path)) {
            return Ok(Looked::File(Source::Memory(entry)));
        }
        let opened = match self.root.find(path)? {
            Found::File(opened) => opened,
            Found::Directory(_) => return Ok(Looked::Directory),
        };
        let represent = |content: Content| {
            let about = about(&content, &opened.state);
            Representation::new(content, opened.state.len, about)
        };
        if let Some(entry) = self.shelf.offer(path, coding, &opened, now, |bytes| represent(Content::Memory(bytes))) {
            return Ok(Looked::File(Source::Memory(entry)));
        }
        Ok(Looked::File(Source::Disk(represent(Content::File(opened.file.into())))))
    }

    /// What there is to say of the file at `path`.
    fn about(&self, path: &Path, content: &Content, state: &State, now: SystemTime) -> About {
        let media_type = self.media_types.of(path, content);
        let has_codings = self.are_precompressed || self.is_compressed(state.len);
        About {
            validators: Validators::of(state, now),
            cache_control: self.cache_control.of(path),
            coding: None,
            varies: has_codings && encoding::is_compressible(&media_type),
            has_ranges: true,
            media_type,
        }
    }

    /// Whether a file of this length is compressed for the client.
    fn is_compressed(&self, len: u64) -> bool {
        self.are_compressed && len >= WORTH
    }

    /// The answer with a file that is compressed while it is sent; or that was, and was kept.
    fn compressed(&self, request: &Request, file: &Source) -> Response {
        let (entry, keep) = match file {
            Source::Memory(entry) => (Some(entry.clone()), file.len() as usize),
            Source::Disk(_) => (None, 0),
        };
        if let Some(compressed) = entry.as_ref().and_then(|entry| entry.compressed.get()) {
            return compressed.respond(request);
        }
        let about = file.about().coded(Coding::Gzip);
        if let Some(response) = about.precondition(request) {
            return response;
        }
        let Some(place) = self.compressing.take() else { return file.respond(request) };
        let (response, shelf) = (about.respond(), self.shelf.clone());
        let done = move |bytes: Vec<u8>| {
            drop(place);
            if let Some(entry) = entry {
                let len = bytes.len() as u64;
                shelf.attach(&entry, Representation::new(Content::Memory(bytes.into()), len, about));
            }
        };
        match gzip::body(file.content().clone(), file.len(), done, keep) {
            Some(body) => response.with_body(body),
            None => file.respond(request),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use crate::testing::Tree;
    use crate::{Cache, Directory, Symlinks};
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::path::Path;
    use std::time::{Duration, SystemTime};
    use switchboard_core::{Body, Request, Response, block_on};

    /// Long after the files of these tests were made: they are kept.
    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(60)
    }

    fn get(directory: &Directory, path: &str, fields: &str) -> Response {
        let request = Request::parse(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n")).unwrap();
        directory.respond_at(&request, later())
    }

    fn bytes(response: Response) -> Vec<u8> {
        let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        block_on(response.into_body().collect(&mut request)).unwrap()
    }

    fn is_kept(response: &Response) -> bool {
        matches!(response.body(), Body::Shared(_))
    }

    /// Writes until it shows in the times: the clock of a file system may tick only every few milliseconds.
    fn rewrite(path: &Path, content: &str) {
        let times = || fs::metadata(path).map(|metadata| (metadata.ctime(), metadata.ctime_nsec())).unwrap();
        let before = times();
        while times() == before {
            fs::write(path, content).unwrap();
        }
    }

    /// Has it kept, and says what the directory answers after `change`.
    fn after(tree: &Tree, directory: &Directory, change: impl FnOnce()) -> (u16, Vec<u8>) {
        tree.write("dir/a.txt", "before");
        let kept = [(); 3].map(|()| is_kept(&get(directory, "/dir/a.txt", "")));
        assert!(kept[2], "{kept:?}");
        let etag = get(directory, "/dir/a.txt", "").headers().get("etag").unwrap().to_string();
        change();
        let response = get(directory, "/dir/a.txt", &format!("If-None-Match: {etag}\r\n"));
        (response.status().code(), bytes(response))
    }

    #[test]
    fn nothing_stale_is_served() {
        for symlinks in [Symlinks::Inside, Symlinks::Never, Symlinks::Anywhere] {
            let tree = Tree::new(&["other.txt"]);
            let directory = Directory::new(tree.path("")).unwrap().symlinks(symlinks);
            let path = tree.path("dir/a.txt");
            let ok = |text: &str| (200, text.as_bytes().to_vec());
            let missing = (404, b"404 Not Found\n".to_vec());
            assert_eq!(after(&tree, &directory, || ()), (304, vec![]), "it is the same");
            assert_eq!(after(&tree, &directory, || rewrite(&path, "after!")), ok("after!"), "as long");
            assert_eq!(
                after(&tree, &directory, || fs::write(&path, "longer than before").unwrap()),
                ok("longer than before")
            );
            assert_eq!(after(&tree, &directory, || fs::write(&path, "").unwrap()), ok(""));
            let replaced = after(&tree, &directory, || {
                tree.write("new.txt", "after!");
                fs::rename(tree.path("new.txt"), &path).unwrap();
            });
            assert_eq!(replaced, ok("after!"));
            assert_eq!(after(&tree, &directory, || fs::remove_file(&path).unwrap()), missing);
            let folder = after(&tree, &directory, || {
                fs::remove_file(&path).unwrap();
                fs::create_dir(&path).unwrap();
            });
            assert_eq!(folder.0, 301);
            fs::remove_dir(&path).unwrap();
            let linked = after(&tree, &directory, || {
                fs::remove_file(&path).unwrap();
                symlink("../other.txt", &path).unwrap();
            });
            assert_eq!(linked, if symlinks == Symlinks::Never { missing } else { ok("other.txt") });
        }
    }

    #[test]
    fn a_folder_that_became_a_link_out_is_not_followed_for_longer_than_a_second() {
        let tree = Tree::new(&["dir/a.txt"]);
        let directory = Directory::new(tree.path("")).unwrap();
        let ask = |now| {
            let request = Request::parse("GET /dir/a.txt HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
            directory.respond_at(&request, now).status().code()
        };
        let now = later();
        assert_eq!([ask(now), ask(now), ask(now)], [200; 3]);
        fs::rename(tree.path("dir"), tree.path("../dir")).unwrap();
        symlink("../dir", tree.path("dir")).unwrap();
        assert_eq!(ask(now + Duration::from_secs(1)), 404);
    }

    #[test]
    fn what_is_kept_answers_as_the_file_does() {
        let tree = Tree::new(&["a.txt", "a.txt.gz", "index.html"]);
        let of = |cache| Directory::new(tree.path("")).unwrap().precompressed(true).cache(cache);
        let (kept, read) = (of(Cache::default()), of(Cache::OFF));
        let describe = |response: Response| (response.status(), format!("{:?}", response.headers()), bytes(response));
        for path in ["/a.txt", "/", "/index.html", "/a.txt?download", "/a.txt.gz"] {
            for fields in
                ["", "Accept-Encoding: gzip\r\n", "Range: bytes=1-2\r\n", "Range: bytes=99-\r\n", "If-Match: \"x\"\r\n"]
            {
                let answers = [(); 4].map(|()| describe(get(&kept, path, fields)));
                assert!(answers.iter().all(|answer| *answer == describe(get(&read, path, fields))), "{path} {fields}");
            }
        }
        assert!(is_kept(&get(&kept, "/a.txt", "")) && !is_kept(&get(&read, "/a.txt", "")));
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn what_was_compressed_once_is_kept_so() {
        let tree = Tree::new(&[]);
        let content = "the same again and again\n".repeat(1_000);
        tree.write("a.txt", &content);
        let directory = Directory::new(tree.path("")).unwrap().compress(true);
        let gzip = || get(&directory, "/a.txt", "Accept-Encoding: gzip\r\n");
        let answers = [(); 4].map(|()| gzip()).map(|response| (is_kept(&response), bytes(response)));
        assert!(answers.iter().all(|(_, bytes)| *bytes == answers[0].1 && bytes.len() < content.len() / 10));
        let answers = [(); 2].map(|()| gzip()).map(|response| (is_kept(&response), bytes(response)));
        assert!(answers.iter().all(|(is_kept, _)| *is_kept));
        tree.write("a.txt", &"another one\n".repeat(1_000));
        assert!(!is_kept(&gzip()));
        assert_eq!(bytes(get(&directory, "/a.txt", "")), "another one\n".repeat(1_000).as_bytes());
    }

    #[test]
    fn where_links_are_never_followed_a_folder_that_became_one_is_gone_at_once() {
        let tree = Tree::new(&["dir/a.txt"]);
        let directory = Directory::new(tree.path("")).unwrap().symlinks(Symlinks::Never);
        let now = later();
        let ask = || {
            let request = Request::parse("GET /dir/a.txt HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
            directory.respond_at(&request, now)
        };
        assert!([(); 3].map(|()| is_kept(&ask()))[2]);
        fs::rename(tree.path("dir"), tree.path("moved")).unwrap();
        symlink("moved", tree.path("dir")).unwrap();
        assert_eq!(ask().status().code(), 404);
    }
}
