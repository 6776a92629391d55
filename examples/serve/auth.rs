//! Answers only those who say a name and its password: Basic authentication (RFC 7617).
//!
//! # Rules
//!
//! 1. Whoever does not is answered 401, whatever is asked for: what is there and what is not looks the same.
//! 2. The time of a comparison does not depend on the secrets. All of them are compared, each in constant time, in
//!    blocks of one size that hold the length as well: so neither their bytes nor their lengths show, only how many
//!    there are. What else the time depends on, the client knows: how long what it sent is, and whether it is base64.
//! 3. Bytes are compared, in UTF-8 as they were typed.
//! 4. An answer is for whom it is given to: where the handler lets caches give it to others (`public`), they may not.
//! 5. Nothing is hidden on the way to us: that takes TLS, in front, or a network that is trusted.

use base64::prelude::{BASE64_STANDARD, Engine};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use switchboard::{Handler, Headers, IntoResponse, Request, Response, Status};

const CHALLENGE: &str = "Basic realm=\"serve\", charset=\"UTF-8\"";

/// The bytes that `USER:PASSWORD` has room for.
const LONGEST: usize = 255;

/// A `USER:PASSWORD` as it is compared: filled up with zeros, its length behind them.
type Block = [u8; LONGEST + 1];

fn block(pair: &[u8]) -> Option<Block> {
    let mut block = [0; LONGEST + 1];
    block[LONGEST] = u8::try_from(pair.len()).ok()?;
    block[..pair.len()].copy_from_slice(pair);
    Some(block)
}

/// Those who are let in.
pub(crate) struct Users(Vec<User>);

struct User {
    name: String,
    block: Block,
}

impl Users {
    /// Of one `USER:PASSWORD` each.
    ///
    /// # Errors
    ///
    /// What is wrong with which of them, counted from 1; but nothing of a secret.
    pub(crate) fn new(pairs: &[String]) -> Result<Self, String> {
        let user = |(index, pair): (usize, &String)| {
            User::new(pair).map_err(|reason| format!("number {} {reason}", index + 1))
        };
        pairs.iter().enumerate().map(user).collect::<Result<_, _>>().map(Self)
    }

    /// The one whose name and password come with a request.
    pub(crate) fn identify(&self, headers: &Headers) -> Option<&str> {
        let given = block(&credentials(headers)?)?;
        let mut identified = None;
        for user in &self.0 {
            if user.block.ct_eq(&given).into() {
                identified = Some(user.name.as_str()); // and on, to the last
            }
        }
        identified
    }
}

impl User {
    fn new(pair: &str) -> Result<Self, &'static str> {
        let Some((name, password)) = pair.split_once(':') else {
            return Err("has no colon");
        };
        if name.is_empty() || password.is_empty() {
            return Err("has nothing before its colon, or nothing behind it");
        }
        if pair.chars().any(char::is_control) {
            return Err("has control characters, which RFC 7617 does not allow");
        }
        let block = block(pair.as_bytes()).ok_or("is longer than 255 bytes")?;
        Ok(Self { name: name.into(), block })
    }
}

/// The `USER:PASSWORD` of a request, if it has exactly one.
fn credentials(headers: &Headers) -> Option<Vec<u8>> {
    let mut values = headers.values("authorization");
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, encoded) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    let is_basic = scheme.eq_ignore_ascii_case("basic");
    is_basic.then(|| BASE64_STANDARD.decode(encoded.trim_start_matches(' ')).ok()).flatten()
}

/// A handler, for those only who are among `users`; for everybody if there are no such.
pub(crate) struct Auth<H> {
    users: Option<Arc<Users>>,
    handler: H,
}

impl<H> Auth<H> {
    pub(crate) fn new(users: Option<Arc<Users>>, handler: H) -> Self {
        Self { users, handler }
    }
}

impl<H: Handler> Handler for Auth<H> {
    async fn handle(&self, request: &mut Request) -> Response {
        match &self.users {
            Some(users) if users.identify(request.headers()).is_none() => {
                Status::UNAUTHORIZED.into_response().with_header("www-authenticate", CHALLENGE)
            }
            Some(_) => privately(self.handler.handle(request).await),
            None => self.handler.handle(request).await,
        }
    }
}

/// A cache may not give an answer that took a password to others, unless it says `public` (RFC 9111 section 3.5).
fn privately(mut response: Response) -> Response {
    if let Some(value) = response.headers().get("cache-control").filter(|value| value.contains("public")) {
        let value = value.replace("public", "private");
        response.headers_mut().insert("cache-control", value).expect("it was a good field before");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard::block_on;

    fn users(pairs: &[&str]) -> Result<Users, String> {
        Users::new(&pairs.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    fn headers(values: &[&str]) -> Headers {
        let mut headers = Headers::new();
        values.iter().for_each(|value| headers.append("Authorization", value).unwrap());
        headers
    }

    #[test]
    fn who_somebody_is() {
        let longest = format!("long:{}", "x".repeat(250));
        let users = users(&["ann:one", "bob:two:three", "zoë:ü", &longest]).unwrap();
        let cases = [
            (basic("ann:one"), Some("ann")),
            (basic("bob:two:three"), Some("bob")),
            (basic("zoë:ü"), Some("zoë")),
            (basic(&longest), Some("long")),
            (basic("ann:one").replace("Basic ", "bASIC   "), Some("ann")),
            (basic("ann:two:three"), None),
            (basic("ann:on"), None),
            (basic("ann:one "), None),
            (basic("ann:one\0"), None),
            (basic("Ann:one"), None),
            (basic("ann"), None),
            (basic(":"), None),
            (basic(""), None),
            (basic(&"x".repeat(256)), None),
            (basic(&format!("ann:one{}", "\0".repeat(256))), None),
            (basic("ann:one").replace("Basic", "Bearer"), None),
            (basic("ann:one").replace("Basic ", "Basic"), None),
            ("Basic !".into(), None),
            ("Basic".into(), None),
            (String::new(), None),
        ];
        for (value, name) in &cases {
            assert_eq!(users.identify(&headers(&[value])), *name, "{value}");
        }
        assert_eq!(users.identify(&headers(&[])), None);
        let twice = [basic("ann:one"), basic("bob:two:three")];
        assert_eq!(users.identify(&headers(&[&twice[0], &twice[1]])), None, "which of them?");
    }

    #[test]
    fn pairs_that_cannot_be() {
        let longer = format!("a:{}", "secret".repeat(43));
        let pairs = [
            ("secret", "no colon"),
            ("", "no colon"),
            (":secret", "nothing"),
            ("secret:", "nothing"),
            ("a:secret\n", "control"),
            (&longer, "255"),
        ];
        for (pair, reason) in pairs {
            let error = users(&["ann:one", pair]).err().unwrap_or_else(|| panic!("{pair:?} is taken"));
            assert!(error.starts_with("number 2 ") && error.contains(reason), "{pair:?}: {error}");
            assert!(!error.contains("secret"), "it is not shown: {error}");
        }
    }

    #[test]
    fn strangers_learn_nothing() {
        let handler = |request: &mut Request| match request.path() {
            "/there" => Ok(Response::text("Hello").with_header("cache-control", "public, max-age=9")),
            _ => Err(Status::NOT_FOUND),
        };
        let answer = |users: Option<Users>, line: &str, value: &str| {
            let text = format!("{line} HTTP/1.1\r\nHost: test\r\nAuthorization: {value}\r\n\r\n");
            let response = block_on(Auth::new(users.map(Arc::new), handler).handle(&mut Request::parse(text).unwrap()));
            (response.status().code(), format!("{response:?}"))
        };
        let ann = || Some(users(&["ann:one"]).unwrap());
        let (status, text) = answer(ann(), "GET /there", &basic("ann:one"));
        assert!(status == 200 && text.contains("private, max-age=9") && !text.contains("public"), "{text}");
        assert_eq!(answer(ann(), "GET /nowhere", &basic("ann:one")).0, 404);
        let (status, text) = answer(None, "GET /there", &basic("ann:two"));
        assert!(status == 200 && text.contains("public, max-age=9"), "{text}");
        let (status, text) = answer(ann(), "GET /there", &basic("ann:two"));
        assert!(status == 401 && text.contains("Basic realm=") && text.contains("UTF-8"), "{text}");
        for line in ["GET /nowhere", "HEAD /there", "OPTIONS /there", "PUT /there"] {
            assert_eq!(answer(ann(), line, &basic("ann:two")), (401, text.clone()), "{line}");
        }
    }
}
