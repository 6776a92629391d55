//! What a user writes: a directory, and what of it is served how.

use crate::cache::{Cache, Shelf};
use crate::files::Files;
use crate::places::Places;
use crate::resolve::Root;
use crate::{CacheControl, Dotfiles, Names, Symlinks};
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;
use switchboard_core::{Handler, Request, Response};

/// Serves the files beneath a directory, to GET and HEAD; OPTIONS says so, and other methods are 405.
///
/// Unless it is told otherwise:
///
/// - A directory answers with its `index.html`, or else a listing; without its final slash it is redirected (301).
/// - Names that begin with a dot are hidden, except `/.well-known/` (RFC 8615).
/// - Symbolic links are followed where they stay beneath the root; absolute ones are not followed.
///
/// And always:
///
/// - A file has a strong entity tag and, if it can, a Last-Modified; conditions are evaluated in the order of RFC 9110
///   section 13.2.2. A GET may ask for a range, or for up to 16 that do not overlap (206, or 416).
/// - A path with `..` in it, however it is encoded, is 404, and so is anything but a file or a directory, at once.
/// - What the process may not read is 403. What it cannot open now, with too many files open, is 503.
/// - `?download` has a file saved under its name; a listing takes `?sort=name`, `size` or `time`, with a `-` before it
///   the other way round, and is a page, JSON or lines of text, as `Accept` says.
///
/// Replace files by renaming new ones over them. Who gets a file that is written in place meanwhile gets the length
/// that was promised, or is cut off, but perhaps bytes of both states.
///
/// ```
/// use switchboard::{Handler, Request, Status, block_on};
/// use switchboard::fileserve::Directory;
///
/// let directory = Directory::new(env!("CARGO_MANIFEST_DIR"))?;
/// let mut request = Request::parse("GET /Cargo.toml HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
/// let response = block_on(directory.handle(&mut request));
/// assert_eq!(response.status(), Status::OK);
/// assert!(response.headers().get("etag").is_some());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Directory {
    pub(crate) files: Files,
    pub(crate) index: Vec<String>,
    pub(crate) fallback: Option<String>,
    pub(crate) has_listings: bool,
    pub(crate) sorted: usize,
    pub(crate) sorting: Places,
}

/// How many large listings are sorted at once: each may take some 5 MB until it is sent.
const SORTING: usize = 8;

impl Directory {
    /// Serves what is beneath `root`, which may be a link. It stays open: renaming it later changes nothing.
    ///
    /// # Errors
    ///
    /// If `root` is not a directory that can be opened; the text names it.
    pub fn new(root: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self {
            files: Files::new(Root::open(root.as_ref())?),
            index: vec!["index.html".into()],
            fallback: None,
            has_listings: true,
            sorted: 20_000,
            sorting: Places::new(SORTING),
        })
    }

    /// The names that stand for a directory: of those in it, the first that is a file. By default `index.html`; with
    /// none, every directory is listed.
    ///
    /// # Panics
    ///
    /// If one of them is no path that stays beneath the directory.
    pub fn index<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.index = names.into_iter().map(|name| beneath(name.into())).collect();
        self
    }

    /// Serves an application of one page: what is not there is answered with `file`, a path beneath the root, and 200,
    /// if a person asked for it.
    ///
    /// That is a browser that goes to an address: `Sec-Fetch-Mode: navigate`, or, from one that does not send this
    /// field, an `Accept` that names `text/html`. Not if the address ends like an asset: a script, a style, a font, an
    /// image, a sound or a film, `.json`, `.map`, `.pdf`, `.txt`, `.webmanifest` or `.xml`. Everything else that is
    /// missing, a script of a page that was deployed over, say, is still 404, and so are hidden names.
    ///
    /// This switches listings off; [`listings`](Directory::listings) after it switches them on again.
    ///
    /// # Panics
    ///
    /// If `file` is no path that stays beneath the root.
    ///
    /// ```
    /// use switchboard::{Request, Status};
    /// use switchboard::fileserve::Directory;
    ///
    /// let application = Directory::new(env!("CARGO_MANIFEST_DIR"))?.spa("Cargo.toml"); // yours is an index.html
    /// let status = |path: &str| {
    ///     let request = Request::parse(format!("GET {path} HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n"));
    ///     application.respond(&request.unwrap()).status()
    /// };
    /// assert_eq!([status("/users/42"), status("/app.js")], [Status::OK, Status::NOT_FOUND]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn spa(mut self, file: impl Into<String>) -> Self {
        self.fallback = Some(beneath(file.into()));
        self.has_listings = false;
        self
    }

    /// What becomes of names that begin with a dot. By default they are [`Hidden`](Dotfiles::Hidden).
    pub fn dotfiles(mut self, dotfiles: Dotfiles) -> Self {
        self.files.root.dotfiles = dotfiles;
        self
    }

    /// Which symbolic links are followed. By default those [`Inside`](Symlinks::Inside).
    pub fn symlinks(mut self, symlinks: Symlinks) -> Self {
        self.files.root.symlinks = symlinks;
        self
    }

    /// Whether a directory without an index is listed, as by default; otherwise it is 404.
    pub fn listings(mut self, has_listings: bool) -> Self {
        self.has_listings = has_listings;
        self
    }

    /// The most entries of a directory that are sorted, and so held in memory at once (some 250 bytes each; for eight
    /// clients at a time); 20,000 by default. A larger one is listed all the same, whole, in the order the system
    /// gives, and says that it is not sorted.
    pub fn sorted_listings(mut self, entries: usize) -> Self {
        self.sorted = entries;
        self
    }

    /// Whether a file may be answered with a compressed one beside it: `app.js.br`, `.zst` or `.gz` for `app.js`, the
    /// one the client likes best; of those it likes as much, the first in this order. Only for media types that are
    /// worth compressing, and only if the file is there itself. A range is then one of the compressed file, which has a
    /// tag of its own. One that was changed in an earlier second than the file is left alone. Off by default, because
    /// it is a promise: that these are the same file.
    pub fn precompressed(mut self, are_precompressed: bool) -> Self {
        self.files.are_precompressed = are_precompressed;
        self
    }

    /// Whether files of 1 KiB and more are compressed while they are sent, for clients that take gzip, if their media
    /// type is worth it: texts, scripts, fonts that are not compressed yet. With
    /// [`precompressed`](Directory::precompressed), what lies beside a file is taken first. What the
    /// [`cache`](Directory::cache) keeps is kept compressed as well. A compressed answer has no ranges and no length; a
    /// request for a range gets the file as it is, and so does who comes while 64 are being compressed. Off by default.
    #[cfg(feature = "gzip")]
    pub fn compress(mut self, are_compressed: bool) -> Self {
        self.files.are_compressed = are_compressed;
        self
    }

    /// What is kept in memory: see [`Cache`].
    pub fn cache(mut self, cache: Cache) -> Self {
        self.files.shelf = Arc::new(Shelf::new(cache));
        self
    }

    /// How long clients may use a copy of the files of these names without asking. Of two rules that fit, the later one
    /// counts. Where none fits, names that carry a hash of their content ([`Names::Hashed`]) are good for a year, and
    /// others are asked for each time (and answered 304). An index, and an application's page, go by their own names;
    /// listings are always asked for.
    pub fn cache_control(mut self, names: Names, value: CacheControl) -> Self {
        self.files.cache_control.add(names, value);
        self
    }

    /// The media type of files with this extension, what stands behind the last dot of a name, with it or without; case
    /// does not count. It is sent as it is, so a text needs its charset: `text/gemini; charset=utf-8`.
    ///
    /// # Panics
    ///
    /// If the media type cannot stand in a field: it has control characters.
    pub fn media_type(mut self, extension: &str, media_type: impl Into<String>) -> Self {
        self.files.media_types.set(extension, media_type.into());
        self
    }
}

/// # Panics
///
/// If `path` is none that leads to something beneath the root.
fn beneath(path: String) -> String {
    let mut names = Path::new(&path).components();
    let is_beneath = !path.is_empty() && names.all(|name| matches!(name, Component::Normal(_)));
    assert!(is_beneath, "{path:?} is no path beneath the root: it is relative, and has no . or ..");
    path
}

impl Handler for Directory {
    async fn handle(&self, request: &mut Request) -> Response {
        self.respond(request)
    }
}
