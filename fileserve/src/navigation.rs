//! Whether a request is somebody's going to a page, and not a page's fetching of what it needs.

use crate::location::Location;
use crate::{accept, media_type};
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

/// A name with an extension of a known type, unless that is a page's: `/users/john.doe` is none.
fn is_asset(location: &Location) -> bool {
    let known = media_type::known(location.path());
    !location.is_directory() && known.is_some_and(|media_type| media_type != "text/html")
}

/// The page that was sent instead depends on who asks.
pub(crate) fn vary(mut response: Response) -> Response {
    let added = response.headers_mut().append("vary", "accept, sec-fetch-mode");
    debug_assert!(added.is_ok(), "they are names");
    response
}
