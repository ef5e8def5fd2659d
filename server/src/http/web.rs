//! The web client's files.

use std::path::PathBuf;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tower_http::services::{ServeDir, ServeFile};

use super::{Shared, error::ApiError};

/// Shown instead of the client when there is none.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Meltemi</title><h1>Meltemi</h1>\
<p>This server runs, but it has no web client to hand out. Build it with \
<code>cargo xtask web</code> and start the server with <code>--web target/web</code>, \
or do both with <code>cargo xtask run</code>.</p>\
<p>Records can be read at <a href=\"/api/records\">/api/records</a>.</p></html>\n";

/// Where the client is.
#[derive(Debug, Clone)]
pub(crate) struct WebClient {
    folder: Option<PathBuf>,
}

impl WebClient {
    /// The client in this folder, if there is one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        let folder = folder.filter(|folder| {
            let built = folder.join("index.html").is_file();
            if !built {
                tracing::warn!(folder = %folder.display(), "there is no web client in this folder");
            }
            built
        });
        Self { folder }
    }
}

/// A file of the client; for an address inside the client, its start page.
pub(crate) async fn file(State(shared): State<Shared>, request: Request) -> Response {
    let Some(folder) = &shared.web.folder else {
        return if request.uri().path() == "/" || wants_page(&request) {
            (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response()
        } else {
            not_found()
        };
    };
    let wants_page = wants_page(&request);
    let page = wants_page.then(|| same_request(&request));
    let mut files = ServeDir::new(folder).precompressed_br();
    let mut response = match files.try_call(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => return unreadable(&error),
    };
    // A folder is no page. Leading to it with a slash behind could lead to another host.
    let is_folder = response.headers().contains_key(header::LOCATION);
    if is_folder || response.status() == StatusCode::NOT_FOUND {
        let Some(request) = page else {
            return not_found();
        };
        let index = ServeFile::new(folder.join("index.html")).precompressed_br();
        response = match { index }.try_call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => return unreadable(&error),
        };
    }
    let headers = response.headers_mut();
    // File names stay the same from version to version: a browser asks whether its copy is current.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Whether a person opened this address, as against a page that loads one of its files.
fn wants_page(request: &Request) -> bool {
    let accepts_html = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let last = request.uri().path().rsplit('/').next().unwrap_or_default();
    matches!(*request.method(), Method::GET | Method::HEAD) && accepts_html && !last.contains('.')
}

fn same_request(request: &Request) -> Request {
    let mut same = Request::new(Body::empty());
    *same.method_mut() = request.method().clone();
    *same.uri_mut() = request.uri().clone();
    *same.headers_mut() = request.headers().clone();
    same
}

fn not_found() -> Response {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "there is nothing at this address",
    )
    .into_response()
}

fn unreadable(error: &std::io::Error) -> Response {
    tracing::error!(%error, "a file of the web client cannot be read");
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "unreadable",
        "a file of the web client cannot be read",
    )
    .into_response()
}
