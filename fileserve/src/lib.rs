//! A directory as a handler: files, ranges, conditions, listings, contained in its root.
//!
//! # Theory of operation
//!
//! ```text
//!   path ──▶ resolve ──▶ a file ───▶ conditional ──▶ range ──▶ 200, 206, 304, 412, 416
//!               │
//!               ├──▶ a directory with an index.html: that file
//!               ├──▶ a directory: listing; without its slash: a redirect to it
//!               └──▶ 404, 403
//! ```
//!
//! # Rules
//!
//! 1. Only `resolve` opens anything, and what it has opened is what is served: no path is looked at twice.
//! 2. It opens beneath the root by a capability, so neither `..` nor an encoding nor a symbolic link leads out. What
//!    would is 404, as if it were not there.
//! 3. No socket, no thread, no backend is known in here: a request goes in, a response comes out. Opens, stats and
//!    reads happen where the handler runs.
//! 4. Names come from the disk and are not trusted: they are escaped in pages and encoded in links.

mod conditional;
mod listing;
mod media_type;
mod range;
mod resolve;

use conditional::{Validators, Verdict};
use range::Selection;
use resolve::{Denied, Found, Location, Opened, Root};
use std::io;
use std::path::Path;
use switchboard_core::{Body, Handler, Request, Response, Status};

const ALLOWED: &str = "GET, HEAD, OPTIONS";
const INDEX: &str = "index.html";

/// Serves the files beneath a directory.
///
/// - A directory answers with its `index.html`, or else a listing; without its final slash it is redirected.
/// - Names that begin with a dot are hidden, except `/.well-known/` (RFC 8615).
/// - Symbolic links are followed where they stay beneath the root; absolute ones are not followed.
/// - Anything but files and directories is 404, at once. What the process may not read is 403.
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
    root: Root,
}

impl Directory {
    /// Serves what is beneath `root`, which stays open: renaming it later changes nothing.
    ///
    /// # Errors
    ///
    /// If `root` is not a directory that can be opened; the text names it.
    pub fn new(root: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self { root: Root::open(root.as_ref())? })
    }

    /// The response to `request`; what [`Handler::handle`] answers.
    pub fn respond(&self, request: &Request) -> Response {
        match request.method() {
            "GET" | "HEAD" => self.find(request).unwrap_or_else(refuse),
            "OPTIONS" => Response::new(Status::NO_CONTENT).with_header("allow", ALLOWED),
            _ => status(Status::METHOD_NOT_ALLOWED).with_header("allow", ALLOWED),
        }
    }

    fn find(&self, request: &Request) -> Result<Response, Denied> {
        let location = Location::parse(request.path()).ok_or(Denied::NotFound)?;
        if !location.is_directory() {
            return match self.root.find(location.path())? {
                Found::File(opened) => Ok(file(request, &location, opened)),
                Found::Directory => Ok(redirect(request, &location)),
            };
        }
        match self.root.find(&location.path().join(INDEX)) {
            Ok(Found::File(opened)) => Ok(file(request, &location, opened)),
            Ok(Found::Directory) | Err(Denied::NotFound) => {
                let entries = self.root.list(location.path())?;
                Ok(match conditional::evaluate(request.headers(), &Validators::none()) {
                    Verdict::Proceed => listing::page(&location, entries),
                    Verdict::NotModified => Response::new(Status::NOT_MODIFIED),
                    Verdict::Failed => status(Status::PRECONDITION_FAILED),
                })
            }
            Err(denied) => Err(denied),
        }
    }
}

impl Handler for Directory {
    async fn handle(&self, request: &mut Request) -> Response {
        self.respond(request)
    }
}

/// A file that was opened, as far as the conditions and the range of the request ask for it.
fn file(request: &Request, location: &Location, opened: Opened) -> Response {
    let Opened { file, metadata } = opened;
    let len = metadata.len();
    let validators = Validators::of(&metadata);
    let headers = request.headers();
    let verdict = conditional::evaluate(headers, &validators);
    let selection = match (verdict, conditional::only(headers, "range")) {
        (Verdict::NotModified, _) => {
            return with_validators(Response::new(Status::NOT_MODIFIED), &validators);
        }
        (Verdict::Failed, _) => return status(Status::PRECONDITION_FAILED),
        // A range means something to GET only (RFC 9110 section 14.2).
        (Verdict::Proceed, Some(range))
            if request.method() == "GET" && conditional::allows_range(headers, &validators) =>
        {
            range::select(range, len)
        }
        (Verdict::Proceed, _) => Selection::Whole,
    };
    let name = if location.is_directory() { INDEX.as_ref() } else { location.path() };
    let response = with_validators(Response::new(Status::OK), &validators)
        .with_header("accept-ranges", "bytes")
        .with_header("x-content-type-options", "nosniff")
        .with_content_type(media_type::of(name, || resolve::beginning(&file)));
    match selection {
        Selection::Whole => response.with_body(Body::File { file: file.into(), offset: 0, len }),
        Selection::Part { first, last } => response
            .with_status(Status::PARTIAL_CONTENT)
            .with_header("content-range", format!("bytes {first}-{last}/{len}"))
            .with_body(Body::File { file: file.into(), offset: first, len: last - first + 1 }),
        Selection::Unsatisfiable => {
            status(Status::RANGE_NOT_SATISFIABLE).with_header("content-range", format!("bytes */{len}"))
        }
    }
}

fn with_validators(response: Response, validators: &Validators) -> Response {
    let response = response.with_header("etag", validators.etag()).with_header("cache-control", "no-cache");
    match validators.last_modified() {
        Some(date) => response.with_header("last-modified", date),
        None => response,
    }
}

/// To the directory's own address, so that relative links in it work. Made of the parsed path: what comes out cannot
/// begin with two slashes, which a browser would take for another host.
fn redirect(request: &Request, location: &Location) -> Response {
    let mut target = location.href();
    if let Some(query) = request.query() {
        target = format!("{target}?{}", resolve::encode_query(query));
    }
    match Response::redirect(Status::MOVED_PERMANENTLY, &target) {
        Ok(response) => response,
        Err(_) => status(Status::BAD_REQUEST),
    }
}

fn refuse(denied: Denied) -> Response {
    match denied {
        Denied::NotFound => status(Status::NOT_FOUND),
        Denied::Forbidden => status(Status::FORBIDDEN),
        Denied::Busy => status(Status::SERVICE_UNAVAILABLE),
        Denied::Failed => status(Status::INTERNAL_SERVER_ERROR),
    }
}

fn status(status: Status) -> Response {
    switchboard_core::IntoResponse::into_response(status)
}
