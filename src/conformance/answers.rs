//! Answers: a word ahead of one, limits of a request's own, what the server answers by itself; and that an answer is
//! never two.

use super::{Client, Subject, fields};
use crate::{IntoResponse, Limits, Request, Response, Status, asynchronous, blocking};
use std::time::Duration;

pub(super) fn early_hints_come_first(subject: &Subject) {
    let server = subject.serve(
        Limits::default(),
        asynchronous(async |request: &mut Request| {
            request.early_hints(&fields([("Link", "</a>"), ("Content-Length", "3")])).await.expect("it is sent");
            request.early_hints(&fields([("Link", "</b>")])).await.expect("it is sent");
            let body = request.read_body().await.map(<[u8]>::to_vec);
            body.map(|body| (Status::OK, [body, b"answer".to_vec()].concat()))
        }),
    );
    let mut client = Client::of(&server);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(2));
    for _ in 0..2 {
        for link in ["</a>", "</b>"] {
            let hint = client.head();
            assert_eq!((hint.status, &hint.fields[..]), (103, &[("link".to_string(), link.to_string())][..]));
        }
        assert_eq!(client.reply().text(), "answer");
    }
    client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_eq!([client.head().status, client.head().status, client.head().status], [103, 103, 100]);
    client.send("the");
    assert_eq!(client.reply().text(), "theanswer");
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.reply().text(), "answer", "HTTP/1.0 knows no interim responses");
}

pub(super) fn limits_can_be_a_requests_own(subject: &Subject) {
    let server = subject.serve(
        Limits { body_size: 10, ..Limits::default() },
        asynchronous(async |request: &mut Request| {
            if request.path() == "/large" {
                request.limits_mut().body_size = 20;
            }
            if request.path() == "/quick" {
                request.limits_mut().body = Duration::from_millis(200);
            }
            match request.read_body().await {
                Ok(body) => body.to_vec().into_response(),
                Err(error) => error.into_response(),
            }
        }),
    );
    let post = |path: &str, len: usize| {
        format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {len}\r\n\r\n{}", "x".repeat(len))
    };
    let mut client = Client::of(&server);
    for (path, len, status) in [("/large", 20, 200), ("/", 10, 200), ("/large", 20, 200), ("/", 11, 413)] {
        client.send(post(path, len));
        assert_eq!(client.reply().status, status, "{len} bytes to {path}");
    }
    let mut client = Client::of(&server);
    client.send("POST /quick HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\n");
    assert_eq!(client.reply().status, 408);
}

pub(super) fn an_answer_is_never_two(subject: &Subject) {
    let splitting = "/a\r\nSet-Cookie: b=c\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    let server = subject.serve(
        Limits::default(),
        blocking(move |request: &mut Request| match request.path() {
            "/redirect" => {
                Response::redirect(Status::FOUND, splitting).map_err(|_| Status::BAD_REQUEST).into_response()
            }
            "/value" => Response::text("").with_header("X", splitting),
            "/name" => Response::text("").with_header("X: y\r\nZ", "y"),
            "/type" => Response::text("").with_content_type(splitting.to_string()),
            "/protocol" => Response::upgrade(splitting, async |_| ()),
            "/allow" => Response::method_not_allowed(&[splitting]),
            "/reset" => Response::text("no body").with_status(Status::RESET_CONTENT),
            _ => Response::method_not_allowed(&["GET"]),
        }),
    );
    for (path, status) in [
        ("/redirect", 400),
        ("/value", 500),
        ("/name", 500),
        ("/type", 500),
        ("/protocol", 500),
        ("/allow", 500),
        ("/reset", 205),
        ("/", 405),
    ] {
        let mut client = Client::of(&server);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
        let reply = client.reply();
        assert_eq!((reply.status, reply.field("set-cookie")), (status, None), "{path}");
        client.closed();
    }
    assert_eq!(Client::of(&server).get("/").field("allow"), Some("GET"));
}

pub(super) fn options_asterisk_is_the_servers(subject: &Subject) {
    let server = subject.serve(Limits::default(), |request: &mut Request| request.path().to_string());
    let mut client = Client::of(&server);
    client.send(
        "OPTIONS * HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhelloGET /next HTTP/1.1\r\nHost: test\r\n\r\n",
    );
    assert_eq!(client.reply().status, 204);
    assert_eq!(client.reply().text(), "/next");
}
