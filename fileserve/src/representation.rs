//! A file as it can be sent: its bytes, and the fields that say what they are (RFC 9110 section 3.2).
//!
//! The fields are made once, for as long as the file is kept; an answer to one request is what its conditions
//! ([`conditional`]) and its range ([`range`]) leave of them.

use crate::conditional::{self, Validators, Verdict};
use crate::content::Content;
use crate::encoding::Coding;
use crate::multipart::Multipart;
use crate::range::{self, Part, Selection};
use std::borrow::Cow;
use switchboard_core::{Body, Headers, IntoResponse, Request, Response, Status};

/// What a file is sent as.
#[derive(Debug)]
pub(crate) struct Representation {
    content: Content,
    len: u64,
    about: About,
    /// Those of an answer with the whole.
    headers: Headers,
}

/// What there is to say of a file's bytes.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) validators: Validators,
    pub(crate) media_type: Cow<'static, str>,
    pub(crate) cache_control: Cow<'static, str>,
    /// What has been done to the bytes, if anything.
    pub(crate) coding: Option<Coding>,
    /// Whether another client would get another coding at the same address.
    pub(crate) varies: bool,
    /// Whether parts of it can be had. A coding that is made while it is sent would have to be made to its end first.
    pub(crate) has_ranges: bool,
}

impl Representation {
    pub(crate) fn new(content: Content, len: u64, about: About) -> Self {
        let headers = about.headers();
        Self { content, len, about, headers }
    }

    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// What it takes in memory, in bytes, if its content is there.
    pub(crate) fn size(&self) -> usize {
        self.len as usize + self.about.validators.etag().len()
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The answer to a request for it.
    pub(crate) fn respond(&self, request: &Request) -> Response {
        if let Some(response) = self.about.precondition(request) {
            return response;
        }
        let selection = match conditional::only(request.headers(), "range") {
            // A range means something to GET only (RFC 9110 section 14.2).
            Some(range) if request.method() == "GET" && self.allows_range(request) => range::select(range, self.len),
            _ => Selection::Whole,
        };
        match selection {
            Selection::Whole => self.whole(self.content.clone().body(0, self.len)),
            Selection::Part(part) => self.part(part),
            Selection::Parts(parts) => {
                let parts = Multipart::new(self.content.clone(), &self.about.media_type, self.len, parts);
                let content_type = parts.content_type();
                self.whole(Body::stream(parts))
                    .with_status(Status::PARTIAL_CONTENT)
                    .with_header("content-type", content_type)
            }
            Selection::Unsatisfiable => Status::RANGE_NOT_SATISFIABLE
                .into_response()
                .with_header("content-range", format!("bytes */{}", self.len)),
        }
    }

    fn allows_range(&self, request: &Request) -> bool {
        self.about.has_ranges && conditional::allows_range(request.headers(), &self.about.validators)
    }

    fn part(&self, part: Part) -> Response {
        let range = format!("bytes {}-{}/{}", part.first, part.last, self.len);
        self.whole(self.content.clone().body(part.first, part.len()))
            .with_status(Status::PARTIAL_CONTENT)
            .with_header("content-range", range)
    }

    fn whole(&self, body: Body) -> Response {
        respond_with(self.headers.clone()).with_body(body)
    }
}

fn respond_with(headers: Headers) -> Response {
    let mut response = Response::new(Status::OK);
    *response.headers_mut() = headers;
    response
}

impl About {
    /// The same, of what is coded while it is sent.
    pub(crate) fn coded(&self, coding: Coding) -> Self {
        let validators = self.validators.coded(coding.token());
        Self { validators, coding: Some(coding), has_ranges: false, ..self.clone() }
    }

    /// The answer with the whole, whose body is still to be set.
    pub(crate) fn respond(&self) -> Response {
        respond_with(self.headers())
    }

    /// The answer that the conditions of a request ask for, if it is not the file.
    pub(crate) fn precondition(&self, request: &Request) -> Option<Response> {
        match conditional::evaluate(request.headers(), &self.validators) {
            Verdict::Proceed => None,
            Verdict::NotModified => {
                let mut response = Response::new(Status::NOT_MODIFIED);
                self.describe(response.headers_mut());
                Some(response)
            }
            Verdict::Failed => Some(Status::PRECONDITION_FAILED.into_response()),
        }
    }

    /// The fields of an answer with the whole.
    fn headers(&self) -> Headers {
        let mut headers = Headers::new();
        self.describe(&mut headers);
        put(&mut headers, "content-type", &self.media_type);
        put(&mut headers, "x-content-type-options", "nosniff");
        if self.has_ranges {
            put(&mut headers, "accept-ranges", "bytes");
        }
        if let Some(coding) = self.coding {
            put(&mut headers, "content-encoding", coding.token());
        }
        headers
    }

    /// The fields that a 304 has as well (RFC 9110 section 15.4.5).
    fn describe(&self, headers: &mut Headers) {
        put(headers, "etag", self.validators.etag());
        put(headers, "cache-control", &self.cache_control);
        if let Some(date) = self.validators.last_modified() {
            put(headers, "last-modified", &date);
        }
        if self.varies {
            put(headers, "vary", "accept-encoding");
        }
    }
}

/// Adds a field of which there is none yet.
fn put(headers: &mut Headers, name: &str, value: &str) {
    headers.append(name, value).expect("a value that was checked when it was set, or is ours");
}
