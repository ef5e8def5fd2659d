//! Requests to providers: one connection each, for a short time and a short answer. An answer that
//! leads elsewhere is not followed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use openidconnect::url::{Host, Url};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::config::{OpenidError, Trusted};
use crate::limits;

/// Sends requests to providers.
#[derive(Clone)]
pub(super) struct Fetcher {
    tls: Option<TlsConnector>,
    /// Whether it asks by plain HTTP too, on this very machine.
    plain: bool,
    lasts: Duration,
    bytes: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// It is no address that is asked.
    #[error("it is neither https:// nor on this machine")]
    Address,
    /// It took too long.
    #[error("it does not answer in time")]
    Slow,
    /// The connection does not come about, or breaks.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It does not speak HTTP.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// The answer breaks off, or is too long.
    #[error("the answer is too long or breaks off")]
    Body,
}

/// Whether this is an address to ask: by HTTPS, or on this very machine, as in tests.
pub(super) fn may_be_asked(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => here,
        _ => false,
    }
}

impl Fetcher {
    /// Asks these providers. Those by HTTPS are known by the authorities that this system trusts.
    pub(super) fn new(providers: &[Trusted]) -> Result<Self, OpenidError> {
        let by_https = |provider: &Trusted| provider.issuer.url().scheme() == "https";
        let tls = providers.iter().any(by_https).then(tls).transpose()?;
        Ok(Self {
            tls,
            plain: false,
            lasts: limits::OPENID_FETCH,
            bytes: limits::OPENID_BYTES,
        })
    }

    /// Asks this provider. One that is known by HTTPS is asked for nothing by plain HTTP, whatever
    /// it says of itself.
    pub(super) fn of(&self, issuer: &Url) -> Self {
        Self {
            plain: issuer.scheme() == "http",
            ..self.clone()
        }
    }

    /// Whether it asks at this address.
    pub(super) fn may_ask(&self, url: &Url) -> bool {
        may_be_asked(url) && (self.plain || url.scheme() == "https")
    }

    /// Asks.
    pub(super) async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let asked = timeout(self.lasts, self.ask(request)).await;
        asked.map_err(|_| FetchError::Slow)?
    }

    async fn ask(&self, mut request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let url = request.uri().to_string();
        let url = Url::parse(&url).map_err(|_| FetchError::Address)?;
        let port = url.port_or_known_default().ok_or(FetchError::Address)?;
        let host = url.host_str().ok_or(FetchError::Address)?;
        if !self.may_ask(&url) {
            return Err(FetchError::Address);
        }
        let named = request.uri().authority().map(|named| named.as_str());
        let named = named.and_then(|named| HeaderValue::from_str(named).ok());
        request
            .headers_mut()
            .insert(HOST, named.ok_or(FetchError::Address)?);
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map_or(Uri::from_static("/"), Uri::from);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, port)).await?;
        if url.scheme() == "http" {
            return self.exchange(stream, request).await;
        }
        let tls = self.tls.as_ref().ok_or(FetchError::Address)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| FetchError::Address)?;
        self.exchange(tls.connect(name, stream).await?, request)
            .await
    }

    async fn exchange<S>(&self, stream: S, request: HttpRequest) -> Result<HttpResponse, FetchError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
        // Ends with this function, however that ends.
        let mut driving = JoinSet::new();
        driving.spawn(connection);
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, self.bytes).collect().await;
        let body = body.map_err(|_| FetchError::Body)?.to_bytes();
        Ok(HttpResponse::from_parts(head, body.to_vec()))
    }
}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.fetch(request))
    }
}

fn tls() -> Result<TlsConnector, OpenidError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        let what = "this system has no certificates of authorities, by which they would be known";
        return Err(OpenidError::Tls(what.to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenidError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn fetcher() -> Fetcher {
        Fetcher {
            tls: None,
            plain: true,
            lasts: Duration::from_secs(60),
            bytes: 100,
        }
    }

    async fn ask(fetcher: &Fetcher, address: &str) -> Result<HttpResponse, FetchError> {
        let request = axum::http::Request::get(address).body(Vec::new());
        fetcher.fetch(request.expect("a request")).await
    }

    /// A server that answers every request with this, and keeps the connection.
    async fn answering(answer: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 1024];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                open.push(stream);
            }
        });
        format!("http://{address}/x?y=1")
    }

    fn answer(length: usize) -> String {
        let body = "x".repeat(length);
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
    }

    #[tokio::test]
    async fn short_answers_come_and_long_or_slow_ones_do_not() {
        let short = answering(answer(100)).await;
        let answered = ask(&fetcher(), &short).await.expect("an answer");
        assert_eq!(answered.body().len(), 100);
        let long = answering(answer(101)).await;
        assert!(matches!(
            ask(&fetcher(), &long).await,
            Err(FetchError::Body)
        ));
        let slow = answering(String::new()).await;
        let hasty = Fetcher {
            lasts: Duration::from_millis(50),
            ..fetcher()
        };
        assert!(matches!(ask(&hasty, &slow).await, Err(FetchError::Slow)));
        let other = "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n";
        let elsewhere = answering(other.to_owned()).await;
        let answered = ask(&fetcher(), &elsewhere).await.expect("an answer");
        assert_eq!(answered.status(), 302);
    }

    #[tokio::test]
    async fn who_is_known_by_https_is_asked_in_the_clear_nowhere() {
        let here = answering(answer(1)).await;
        let of = |issuer: &str| fetcher().of(&Url::parse(issuer).expect("an address"));
        let strict = of("https://login.cities.example/realm");
        assert!(matches!(
            ask(&strict, &here).await,
            Err(FetchError::Address)
        ));
        let url = Url::parse("https://keys.cities.example/").expect("an address");
        assert!(strict.may_ask(&url));
        assert!(ask(&of("http://127.0.0.1:1/"), &here).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_else_is_asked_in_the_clear() {
        for address in [
            "http://192.0.2.1/",
            "http://cities.example/",
            "ftp://localhost/",
        ] {
            let url = Url::parse(address).expect("an address");
            assert!(!may_be_asked(&url), "{address}");
            let refused = ask(&fetcher(), address).await;
            assert!(matches!(refused, Err(FetchError::Address)), "{address}");
        }
        for address in ["https://192.0.2.1/", "http://[::1]:1/", "http://localhost/"] {
            let url = Url::parse(address).expect("an address");
            assert!(may_be_asked(&url), "{address}");
        }
    }
}
