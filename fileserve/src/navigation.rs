//! Whether a request is somebody's going to a page, and not a page's fetching of what it needs.

use crate::location::Location;
use crate::{accept, hashed};
use switchboard_core::{Request, Response};

/// Whether a person asked: the browser says so (Fetch Metadata, `Sec-Fetch-Mode`), or the request names `text/html`,
/// which no script, style sheet or image is asked for with. Not if the name is that of an asset.
pub(crate) fn is_one(request: &Request, location: &Location) -> bool {
    let headers = request.headers();
    let is_navigation = match headers.get("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => accept::weights(headers, "accept")
            .any(|range| range.name.eq_ignore_ascii_case("text/html") && range.weight > 0),
    };
    is_navigation && !is_asset(location)
}

/// A name that ends like that of what pages load. (Not by its media type: that `.com` and `.org` have one says nothing
/// of `/sites/example.org`.)
fn is_asset(location: &Location) -> bool {
    let extension = location.path().extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let is_one = |known: &&str| **known == extension;
    !location.is_directory() && (hashed::LOADED.iter().any(is_one) || DATA.iter().any(is_one))
}

/// What else is fetched, and no page.
const DATA: [&str; 6] = ["json", "map", "pdf", "txt", "webmanifest", "xml"];

/// What is sent at such an address depends on who asks, a 404 too.
pub(crate) fn vary(mut response: Response) -> Response {
    response.headers_mut().append("vary", "accept, sec-fetch-mode").expect("they are names");
    response
}
