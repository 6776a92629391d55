//! Lets pages of other origins read the answers (CORS, in the Fetch standard).
//!
//! # Rules
//!
//! 1. A preflight is answered here: it comes without credentials, because browsers send none with it, and tells nothing
//!    of what is there.
//! 2. Whatever the handler answers, a refusal too, has the fields by which the browser lets the page see it, and by
//!    which the page sees what it needs for ranges and conditions.
//! 3. With `*` these are the same for everybody. Otherwise they depend on the origin, and every answer says so (Vary).
//! 4. What the browser remembers, a password say, is not sent along for other pages: those that know it send it.

use std::str::FromStr;
use switchboard::{Handler, Request, Response, Status};

/// What a page may send along beside what needs no leave. Authorization is never meant by the star.
const SENT: &str = "authorization, range, if-range, if-match, if-none-match, if-modified-since, if-unmodified-since, *";

/// What a page may see beside what needs no leave.
const SEEN: &str = "accept-ranges, content-length, content-range, etag";

/// How long a browser may go by the answer to a preflight, in seconds: as long as any does.
const REMEMBERED: &str = "86400";

/// An origin as browsers write it, or `*`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = text.split_once("://").filter(|(scheme, _)| !scheme.is_empty()).map_or("", |(_, host)| host);
        let is_origin = !host.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
        if text == "*" || is_origin && !host.contains(['/', '?', '#', '@', '*']) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err("an origin is * (all), or like https://example.org or http://localhost:5173, with nothing behind")
        }
    }
}

impl Origin {
    /// As it was given.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// A handler whose answers pages of `origins` may read; if there are none, as it is.
pub(crate) struct Cors<H> {
    origins: Vec<Origin>,
    handler: H,
}

impl<H> Cors<H> {
    pub(crate) fn new(origins: Vec<Origin>, handler: H) -> Self {
        Self { origins, handler }
    }

    /// What Access-Control-Allow-Origin should say to a page of `origin`.
    fn allowed(&self, origin: Option<&str>) -> Option<&str> {
        let is_it = |allowed: &&Origin| allowed.0 == "*" || Some(allowed.text()) == origin;
        self.origins.iter().find(is_it).map(Origin::text)
    }

    fn may_vary(&self) -> bool {
        self.origins.iter().all(|origin| origin.0 != "*")
    }
}

impl<H: Handler> Handler for Cors<H> {
    async fn handle(&self, request: &mut Request) -> Response {
        if self.origins.is_empty() {
            return self.handler.handle(request).await;
        }
        let allowed = self.allowed(request.headers().get("origin"));
        let mut response = if is_preflight(request) {
            preflight()
        } else {
            self.handler.handle(request).await.with_header("access-control-expose-headers", SEEN)
        };
        if let Some(origin) = allowed {
            response = response.with_header("access-control-allow-origin", origin);
        }
        if self.may_vary() {
            response.headers_mut().append("vary", "origin").expect("a field");
        }
        response
    }
}

fn is_preflight(request: &Request) -> bool {
    let has = |name| request.headers().get_bytes(name).is_some();
    request.method() == "OPTIONS" && has("origin") && has("access-control-request-method")
}

fn preflight() -> Response {
    Response::new(Status::NO_CONTENT)
        .with_header("access-control-allow-methods", "GET, HEAD")
        .with_header("access-control-allow-headers", SENT)
        .with_header("access-control-max-age", REMEMBERED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard::block_on;

    const PREFLIGHT: &str = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n";

    fn ask(origins: &[&str], method: &str, fields: &str) -> Response {
        let origins = origins.iter().map(|text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}")));
        let handler = |_: &mut Request| Response::text("Hello").with_header("vary", "accept-encoding");
        let mut request = Request::parse(format!("{method} / HTTP/1.1\r\nHost: test\r\n{fields}\r\n")).unwrap();
        block_on(Cors::new(origins.collect(), handler).handle(&mut request))
    }

    fn field<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
        response.headers().get(&format!("access-control-{name}"))
    }

    fn vary(response: &Response) -> Vec<&[u8]> {
        response.headers().values("vary").collect()
    }

    #[test]
    fn a_preflight_is_answered_without_the_handler() {
        let response = ask(&["*"], "OPTIONS", PREFLIGHT);
        assert_eq!(response.status(), Status::NO_CONTENT);
        assert_eq!((field(&response, "allow-origin"), field(&response, "max-age")), (Some("*"), Some("86400")));
        assert_eq!(field(&response, "allow-methods"), Some("GET, HEAD"));
        let sent = field(&response, "allow-headers").unwrap();
        assert!(["authorization", "range", "if-range", "*"].iter().all(|name| sent.contains(name)), "{sent}");
        assert_eq!(vary(&response), [b""; 0]);
        let half = PREFLIGHT.split_inclusive("\r\n").map(|line| ("OPTIONS", line));
        for (method, fields) in half.chain([("GET", PREFLIGHT), ("OPTIONS", "")]) {
            let response = ask(&["*"], method, fields);
            assert_eq!((response.status(), field(&response, "allow-methods")), (Status::OK, None), "{method} {fields}");
        }
    }

    #[test]
    fn an_answer_may_be_read_by_whom_it_names() {
        let two = ["https://b.example", "HTTPS://A.example"];
        let cases: &[(&[&str], &str, Option<&str>)] = &[
            (&["*"], "Origin: https://a.example\r\n", Some("*")),
            (&["*"], "", Some("*")),
            (&two, "Origin: https://a.example\r\n", Some("https://a.example")),
            (&two, "Origin: https://a.example:8443\r\n", None),
            (&two, "Origin: null\r\n", None),
            (&two, "", None),
        ];
        for (origins, fields, allowed) in cases {
            for method in ["GET", "OPTIONS"] {
                let response = ask(origins, method, fields);
                assert_eq!(field(&response, "allow-origin"), *allowed, "{fields}");
                assert!(field(&response, "expose-headers").unwrap().contains("content-range"));
                let varies = vary(&response).contains(&&b"origin"[..]);
                assert_eq!(varies, origins.len() == 2, "{fields}");
                assert!(vary(&response).contains(&&b"accept-encoding"[..]), "the handler's own stays");
            }
        }
        let response = ask(&two, "OPTIONS", PREFLIGHT);
        assert_eq!(field(&response, "allow-origin"), Some("https://a.example"));
        assert_eq!(vary(&response), [b"origin"]);
        let response = ask(&[], "GET", "Origin: https://a.example\r\n");
        assert_eq!((field(&response, "allow-origin"), field(&response, "expose-headers")), (None, None));
    }

    #[test]
    fn what_is_no_origin() {
        for text in ["", "a.example", "https://", "://a", "https://a/", "https://a/b", "https://*.a", "https://a,b"] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
        assert!("https://a\r\nb".parse::<Origin>().is_err());
        assert_eq!("http://[::1]:5173".parse::<Origin>().map(|origin| origin.0), Ok("http://[::1]:5173".into()));
    }
}
