//! Exercise 7: a directory, served without a way out of it.
//!
//! Read `docs/course/ex07_directory.md` first. `cargo course check 7` says what works.

use std::io;
use std::path::{Path, PathBuf};
use switchboard::{Handler, Request, Response, Status};

/// Serves what is beneath a directory.
#[derive(Debug)]
//~ solution
pub struct Site {
    /// The real path: without links, `.` and `..`.
    root: PathBuf,
}
//~ stub
//| pub struct Site {}
//~ end

impl Site {
    /// Serves what is beneath `root`, a directory or a link to one.
    ///
    /// # Errors
    ///
    /// What the system says if there is no such directory.
    pub fn new(root: impl AsRef<Path>) -> io::Result<Self> {
        //~ solution
        Ok(Self { root: std::fs::canonicalize(root)? })
        //~ stub
        //| let _ = root.as_ref();
        //| todo!("exercise 7: keep the real path of the root")
        //~ end
    }

    /// Answers a request:
    ///
    /// - with a file: 200, its bytes, and a Content-Length, which the server writes if the body is a
    ///   [`Body::File`](switchboard::Body::File);
    /// - with a directory whose path ends in a slash: 200 and its [`listing`], in `text/html`;
    /// - with a directory whose path does not: 308 (or 301) to that with a slash. It stays on this host, however many
    ///   slashes the path begins with;
    /// - with a path that ends in a slash and leads to a file, or to something else: 404;
    /// - with a method other than GET and HEAD: 405. (A HEAD is answered as a GET: the server leaves out the body.)
    ///
    /// What [`resolve`] refuses is answered with the status that it gives.
    pub fn answer(&self, request: &Request) -> Response {
        //~ solution
        use switchboard::IntoResponse;
        if !matches!(request.method(), "GET" | "HEAD") {
            return Response::method_not_allowed(&["GET", "HEAD"]);
        }
        self.find(request.path()).unwrap_or_else(Status::into_response)
        //~ stub
        //| let _ = request;
        //| todo!("exercise 7: answer with a file, a listing, a redirect or a refusal")
        //~ end
    }
    //~ solution

    fn find(&self, path: &str) -> Result<Response, Status> {
        let found = resolve(&self.root, path)?;
        let metadata = found.metadata().map_err(status)?;
        match path.ends_with('/') {
            true if metadata.is_dir() => Ok(Response::html(listing(&names(&found).map_err(status)?))),
            false if metadata.is_dir() => redirect(path),
            false if metadata.is_file() => file(&found).map_err(status),
            _ => Err(Status::NOT_FOUND),
        }
    }
    //~ stub
    //~ end
}

/// What makes it a handler. There is nothing to do here.
impl Handler for Site {
    async fn handle(&self, request: &mut Request) -> Response {
        self.answer(request)
    }
}

/// The real path of the file or directory that `path` leads to.
///
/// `root` is a real path, as [`std::fs::canonicalize`] gives it. `path` is that of a request's target: it begins with
/// a slash, is percent-encoded, and has no query.
///
/// It is split at its slashes, and each segment is decoded, once. Empty segments and `.` lead nowhere else. What
/// leads out is refused, and so is what only might:
///
/// - a segment that is `..` once it is decoded, also where that would stay beneath the root;
/// - one with a slash in it, once it is decoded: no name has one;
/// - one with a NUL in it, once it is decoded;
/// - one whose real path, with every symbolic link on the way followed, is not beneath `root`.
///
/// # Errors
///
/// 404 for those, and for what is not there or cannot be opened; 403, if you like, for what the system does not
/// permit us. 400 for a percent sign without two hexadecimal digits behind it, and for bytes that are not UTF-8.
pub fn resolve(root: &Path, path: &str) -> Result<PathBuf, Status> {
    //~ solution
    let found = std::fs::canonicalize(root.join(relative(path)?)).map_err(status)?;
    if found.starts_with(root) { Ok(found) } else { Err(Status::NOT_FOUND) }
    //~ mutant follows_links_out: no_link_leads_out
    //| std::fs::canonicalize(root.join(relative(path)?)).map_err(status)
    //~ mutant compares_text: no_link_leads_out
    //| let found = std::fs::canonicalize(root.join(relative(path)?)).map_err(status)?;
    //| let is_beneath = found.to_string_lossy().starts_with(&*root.to_string_lossy());
    //| if is_beneath { Ok(found) } else { Err(Status::NOT_FOUND) }
    //~ stub
    //| let _ = (root, path);
    //| todo!("exercise 7: decode a path, and find what it leads to")
    //~ end
}

/// A page in HTML with a link for each of these names, whose text is the name. That of a directory ends in a slash,
/// which is part of the link.
///
/// A link is relative to the directory itself: the name, with every byte percent-encoded that is not a letter or a
/// digit of ASCII or one of `-._~` (but for the slash at the end). In the text, what HTML would take for a tag or an
/// entity is escaped.
pub fn listing(names: &[String]) -> String {
    //~ solution
    let item = |name: &String| format!("<li><a href=\"{}\">{}</a></li>\n", encode(name), escape(name));
    let items: String = names.iter().map(item).collect();
    format!("<!doctype html>\n<meta charset=\"utf-8\">\n<title>Directory</title>\n<ul>\n{items}</ul>\n")
    //~ stub
    //| let _ = names;
    //| todo!("exercise 7: make a page")
    //~ end
}
//~ solution

/// A path as one beneath the root. Links may still lead out.
fn relative(path: &str) -> Result<PathBuf, Status> {
    let mut relative = PathBuf::new();
    for segment in path.split('/') {
        let name = decode(segment)?;
        match name.as_str() {
            "" | "." => {}
            name if is_name(name) => relative.push(name),
            _ => return Err(Status::NOT_FOUND),
        }
    }
    Ok(relative)
}
//~ mutant checks_before_decoding: no_path_climbs
//|
//| fn relative(path: &str) -> Result<PathBuf, Status> {
//|     let mut relative = PathBuf::new();
//|     for segment in path.split('/') {
//|         match segment {
//|             "" | "." => {}
//|             segment if is_name(segment) => relative.push(decode(segment)?),
//|             _ => return Err(Status::NOT_FOUND),
//|         }
//|     }
//|     Ok(relative)
//| }
//~ mutant decodes_twice: a_path_is_decoded a_name_is_only_a_name
//|
//| fn relative(path: &str) -> Result<PathBuf, Status> {
//|     let mut relative = PathBuf::new();
//|     for segment in path.split('/') {
//|         let name = decode(&decode(segment)?)?;
//|         match name.as_str() {
//|             "" | "." => {}
//|             name if is_name(name) => relative.push(name),
//|             _ => return Err(Status::NOT_FOUND),
//|         }
//|     }
//|     Ok(relative)
//| }
//~ mutant does_not_decode: a_path_is_decoded links_of_a_listing_lead_to_what_is_there a_name_is_only_a_name
//|
//| fn relative(path: &str) -> Result<PathBuf, Status> {
//|     let _ = decode;
//|     let mut relative = PathBuf::new();
//|     for segment in path.split('/') {
//|         match segment {
//|             "" | "." => {}
//|             name if is_name(name) => relative.push(name),
//|             _ => return Err(Status::NOT_FOUND),
//|         }
//|     }
//|     Ok(relative)
//| }
//~ stub
//~ end
//~ solution

/// The names of what is in a directory, sorted; those of directories with a slash. One that is not UTF-8 is left out:
/// [`resolve`] has no path to it.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in directory.read_dir()? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push(if entry.path().is_dir() { name + "/" } else { name });
        }
    }
    names.sort();
    Ok(names)
}
//~ stub
//~ end
//~ solution

/// The length is that of the file that was opened, not of what its path leads to by now.
fn file(path: &Path) -> io::Result<Response> {
    let file = std::fs::File::open(path)?;
    let len = file.metadata()?.len();
    Ok(Response::new(Status::OK).with_body(switchboard::Body::File { file: file.into(), offset: 0, len }))
}
//~ mutant reads_once: files_are_sent_whole
//|
//| fn file(path: &Path) -> io::Result<Response> {
//|     let mut bytes = vec![0; 64 << 10];
//|     let len = io::Read::read(&mut std::fs::File::open(path)?, &mut bytes)?;
//|     bytes.truncate(len);
//|     Ok(Response::new(Status::OK).with_body(bytes))
//| }
//~ stub
//~ end
//~ solution

/// To the same path with a slash at its end, and one at its beginning: two would be followed by the name of a host.
fn redirect(path: &str) -> Result<Response, Status> {
    let location = format!("/{}/", path.trim_matches('/'));
    Response::redirect(Status::PERMANENT_REDIRECT, &location).map_err(|_| Status::NOT_FOUND)
}
//~ mutant redirects_to_another_host: a_directory_without_a_slash_is_redirected
//|
//| fn redirect(path: &str) -> Result<Response, Status> {
//|     Response::redirect(Status::PERMANENT_REDIRECT, &format!("{path}/")).map_err(|_| Status::NOT_FOUND)
//| }
//~ stub
//~ end
//~ solution

fn status(error: io::Error) -> Status {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Status::FORBIDDEN,
        _ => Status::NOT_FOUND,
    }
}

/// Percent-decodes a segment of a path.
fn decode(segment: &str) -> Result<String, Status> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [byte, behind @ ..] = rest {
        let (byte, behind) = match (byte, behind) {
            (b'%', [high, low, behind @ ..]) => (hexadecimal(*high)? << 4 | hexadecimal(*low)?, behind),
            (b'%', _) => return Err(Status::BAD_REQUEST),
            (byte, behind) => (*byte, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8(bytes).map_err(|_| Status::BAD_REQUEST)
}

fn hexadecimal(digit: u8) -> Result<u8, Status> {
    char::from(digit).to_digit(16).map(|digit| digit as u8).ok_or(Status::BAD_REQUEST)
}

/// Whether this is a name, and nothing else that a path can be made of: no `..`, no root, no two names.
fn is_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let is_plain = matches!(parts.next(), Some(std::path::Component::Normal(part)) if part == name);
    is_plain && parts.next().is_none() && !name.contains('\0')
}
//~ stub
//~ end
//~ solution

/// A name as a part of a URI.
fn encode(name: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(encode).collect()
}
//~ mutant does_not_encode: links_of_a_listing_lead_to_what_is_there a_name_is_only_a_name
//|
//| fn encode(name: &str) -> String {
//|     escape(name)
//| }
//~ stub
//~ end
//~ solution

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
//~ mutant does_not_escape: a_name_is_only_a_name
//|
//| fn escape(text: &str) -> String {
//|     text.to_string()
//| }
//~ stub
//~ end
