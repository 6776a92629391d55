//! From a request to its answer: a file, a directory's index or listing, a redirect, or why there is nothing.

use crate::files::Looked;
use crate::listing::{self, Listed};
use crate::location::{Location, encode_query};
use crate::resolve::{Denied, Found};
use crate::{Directory, disposition, navigation};
use std::path::Path;
use std::time::SystemTime;
use switchboard_core::{IntoResponse, Request, Response, Status};

const ALLOWED: &[&str] = &["GET", "HEAD", "OPTIONS"];

impl Directory {
    /// The response to `request`; what [`Handler::handle`](switchboard_core::Handler::handle) answers. Files are opened
    /// and stated here, and read here if they are to be kept in memory; all else is read when it is sent.
    ///
    /// ```
    /// use switchboard::{Request, Status};
    /// use switchboard::fileserve::Directory;
    ///
    /// let directory = Directory::new(env!("CARGO_MANIFEST_DIR"))?;
    /// let request = Request::parse("GET /src HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    /// let response = directory.respond(&request);
    /// assert_eq!((response.status(), response.headers().get("location")), (Status::MOVED_PERMANENTLY, Some("/src/")));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn respond(&self, request: &Request) -> Response {
        self.respond_at(request, SystemTime::now())
    }

    pub(crate) fn respond_at(&self, request: &Request, now: SystemTime) -> Response {
        match request.method() {
            "GET" | "HEAD" => self.find(request, now).unwrap_or_else(|denied| self.refuse(denied)),
            "OPTIONS" => Response::new(Status::NO_CONTENT).with_header("allow", ALLOWED.join(", ")),
            _ => Response::method_not_allowed(ALLOWED),
        }
    }

    fn find(&self, request: &Request, now: SystemTime) -> Result<Response, Denied> {
        let location = Location::parse(request.path(), self.files.root.dotfiles).ok_or(Denied::NotFound)?;
        match self.select(request, &location, now) {
            Err(Denied::NotFound) => self.instead(request, &location, now),
            selected => selected,
        }
    }

    /// An application's page in the place of what is not there.
    fn instead(&self, request: &Request, location: &Location, now: SystemTime) -> Result<Response, Denied> {
        let page = self.fallback.as_deref().filter(|_| navigation::is_one(request, location));
        let page = self.file(request, page.ok_or(Denied::NotFound)?.as_ref(), now)?;
        page.map(navigation::vary).ok_or(Denied::NotFound)
    }

    /// What is at a location.
    fn select(&self, request: &Request, location: &Location, now: SystemTime) -> Result<Response, Denied> {
        let path = location.path();
        if !location.is_directory() {
            let file = self.file(request, path, now)?;
            return Ok(file.map_or_else(|| redirect(request, location), |file| disposition::asked(request, path, file)));
        }
        for index in &self.index {
            match self.file(request, &path.join(index), now) {
                Ok(Some(file)) => return Ok(file),
                Ok(None) | Err(Denied::NotFound) => {}
                Err(denied) => return Err(denied),
            }
        }
        self.list(request, location)
    }

    fn refuse(&self, denied: Denied) -> Response {
        let status = match denied {
            Denied::NotFound => Status::NOT_FOUND,
            Denied::Forbidden => Status::FORBIDDEN,
            Denied::Busy => Status::SERVICE_UNAVAILABLE,
            Denied::Failed => Status::INTERNAL_SERVER_ERROR,
        };
        let response = status.into_response();
        match denied {
            Denied::NotFound if self.fallback.is_some() => {
                navigation::vary(response).with_header("cache-control", "no-cache")
            }
            _ => response,
        }
    }

    fn list(&self, request: &Request, location: &Location) -> Result<Response, Denied> {
        let root = &self.files.root;
        match root.find(location.path())? {
            Found::Directory(directory) if self.has_listings => {
                let entries = root.entries(location.path(), &directory)?;
                listing::respond(
                    request,
                    Listed { root, location, entries, sorted: self.sorted, sorting: &self.sorting },
                )
            }
            Found::Directory(_) | Found::File(_) => Err(Denied::NotFound),
        }
    }

    /// The answer with the file at `path`; `None` if a directory is there.
    fn file(&self, request: &Request, path: &Path, now: SystemTime) -> Result<Option<Response>, Denied> {
        match self.files.look(path, now)? {
            Looked::File(file) => Ok(Some(self.files.send(request, path, &file, now))),
            Looked::Directory => Ok(None),
        }
    }
}

/// To the directory's own address, so that relative links in it work. Made of the parsed path: what comes out cannot
/// begin with two slashes, which a browser would take for another host.
fn redirect(request: &Request, location: &Location) -> Response {
    let mut target = location.href();
    if let Some(query) = request.query() {
        target = format!("{target}?{}", encode_query(query));
    }
    match Response::redirect(Status::MOVED_PERMANENTLY, &target) {
        Ok(response) => response,
        Err(_) => Status::BAD_REQUEST.into_response(),
    }
}
