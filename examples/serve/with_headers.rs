//! Sets fields on every answer of a handler, in the place of its own.
//!
//! What cannot be set is refused at the start: what is no field, and what frames the message, which is the server's.

use std::str::FromStr;
use switchboard::{Handler, Headers, Request, Response};

/// What the server writes itself, and leaves out of answers.
const SERVERS: [&str; 7] =
    ["connection", "content-length", "date", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// A field that can be set.
#[derive(Clone)]
pub(crate) struct Field {
    name: String,
    value: String,
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once(':').ok_or("a field is like 'Cache-Control: no-store'")?;
        Headers::new().append(name, value).map_err(|error| error.to_string())?;
        if SERVERS.iter().any(|servers| name.eq_ignore_ascii_case(servers)) {
            return Err(format!("{name} is for the server to say: it depends on the message"));
        }
        Ok(Self { name: name.into(), value: value.into() })
    }
}

/// A handler, with fields of ours on its answers. Of several with one name all are set.
pub(crate) struct WithHeaders<H> {
    fields: Vec<Field>,
    handler: H,
}

impl<H> WithHeaders<H> {
    pub(crate) fn new(fields: Vec<Field>, handler: H) -> Self {
        Self { fields, handler }
    }
}

impl<H: Handler> Handler for WithHeaders<H> {
    async fn handle(&self, request: &mut Request) -> Response {
        let mut response = self.handler.handle(request).await;
        if self.fields.is_empty() {
            return response;
        }
        let headers = response.headers_mut();
        for field in &self.fields {
            headers.remove(&field.name);
        }
        for Field { name, value } in &self.fields {
            headers.append(name, value).expect("it was tried when it was made");
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard::block_on;

    fn answer(fields: &[&str]) -> Response {
        let fields = fields.iter().map(|text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}")));
        let handler = |_: &mut Request| Response::text("Hello").with_header("a", "of the handler");
        let mut request = Request::parse("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        block_on(WithHeaders::new(fields.collect(), handler).handle(&mut request))
    }

    #[test]
    fn fields_are_set_in_the_place_of_others() {
        let response = answer(&["A: 1", "a:2", "B:", "Content-Type: text/html"]);
        let fields: Vec<_> = response.headers().iter().collect();
        let expected: [(&str, &[u8]); 4] = [("A", b"1"), ("a", b"2"), ("B", b""), ("Content-Type", b"text/html")];
        assert_eq!(fields, expected);
        let response = answer(&[]);
        assert_eq!(response.headers().get("a"), Some("of the handler"));
        assert_eq!(response.content_type(), Some("text/plain; charset=utf-8"));
    }

    #[test]
    fn what_cannot_be_set() {
        let cases = [
            ("no-store", "like 'Cache-Control: no-store'"),
            (": a", "a name is a token"),
            ("a b: c", "a name is a token"),
            (" a: b", "a name is a token"),
            ("a: b\r\nc: d", "no control characters"),
            ("Content-Length: 5", "for the server"),
            ("transfer-encoding: chunked", "for the server"),
            ("CONNECTION: close", "for the server"),
            ("Date: now", "for the server"),
        ];
        for (text, reason) in cases {
            let error = text.parse::<Field>().err().unwrap_or_else(|| panic!("{text:?} is taken"));
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_the_server_leaves_out_is_refused() {
        use std::io::{Read, Write};
        let handler = |_: &mut Request| {
            let set = |response: Response, name: &&str| response.with_header(name, "x-of-the-handler");
            SERVERS.iter().fold(Response::text("Hello"), set)
        };
        let server = switchboard::Server::bind("127.0.0.1:0").unwrap();
        let server = server.spawn(switchboard::Threads::new(), handler).unwrap();
        let mut client = std::net::TcpStream::connect(server.addr()).unwrap();
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert!(text.ends_with("Hello") && !text.contains("x-of-the-handler"), "{text}");
    }
}
