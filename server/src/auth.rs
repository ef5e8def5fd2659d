//! Who is at the other end, found out before a connection is accepted or a body is read.
//!
//! People show the cookie of a session, programs show a token. A server that was started as open
//! asks nobody.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use meltemi_core::sync::policy::Principal;
use meltemi_core::time::Timestamp;

use crate::accounts::passkey::ceremony::Site;
use crate::accounts::secret::{Secret, SecretHash, SecretKind};
use crate::accounts::token::Scope;
use crate::accounts::{Accounts, AccountsError, By, Held, Holder, Known};
use crate::{clock, limits};

/// Decides who may connect.
#[derive(Clone)]
pub(crate) struct Authenticator {
    /// None on an open server.
    accounts: Option<Arc<Accounts>>,
    allowed_origins: Vec<String>,
    door: DoorKind,
}

/// How requests get here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DoorKind {
    /// As plain HTTP.
    Plain,
    /// By TLS that ends in this process.
    Tls,
    /// Through a server on this machine where TLS ends.
    BehindHttps,
}

/// Somebody who was let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// None on an open server, and where nobody has to say who they are.
    pub(crate) known: Option<Arc<Known>>,
    /// Network address.
    pub(crate) address: IpAddr,
}

/// What somebody shows to be let in.
#[derive(Debug)]
pub(crate) enum Shown {
    /// The cookie of a session.
    Session(SecretHash),
    /// A token.
    Token(SecretHash),
}

/// Why somebody may not connect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denied {
    /// A web page of another site opened the connection.
    #[error(
        "pages of {0} may not connect to this server; if they should, start it with \
         --allow-origin {0}"
    )]
    Origin(String),
    /// A name that anybody may have pointed at this machine.
    #[error(
        "this server answers to localhost and to addresses, not to {0}; if a server that speaks \
         HTTPS is in front of it, start it with --behind-https"
    )]
    Host(String),
    /// A request that changes something does not come from a page of this server.
    #[error("requests that change something must name this server as their origin")]
    CrossSite,
    /// Nothing valid was shown.
    #[error("sign in first, or send a token as `authorization: bearer`")]
    SignInNeeded,
    /// A token is not for this.
    #[error("this token is not for this address")]
    Scope,
    /// The accounts cannot be read.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
}

impl Caller {
    /// Whom the engine sees.
    pub(crate) fn principal(&self) -> Principal {
        match &self.known {
            Some(known) => Principal(known.member.id.clone()),
            None => Principal::built_in(),
        }
    }

    /// Whom the audit log names.
    pub(crate) fn by(&self) -> By {
        let by = By::address(self.address.to_string());
        match &self.known {
            Some(known) => {
                let device = match &known.holder.by {
                    Held::Session { device, .. } => Some(device.as_str()),
                    Held::Token(_) => None,
                };
                by.as_member(&known.member.id, device)
            }
            None => by,
        }
    }
}

impl Authenticator {
    /// Lets web pages of these origins connect, besides those this server hands out itself.
    pub(crate) fn new(
        accounts: Option<Arc<Accounts>>,
        allowed_origins: Vec<String>,
        door: DoorKind,
    ) -> Self {
        Self {
            accounts,
            allowed_origins,
            door,
        }
    }

    /// The accounts; none on an open server.
    pub(crate) const fn accounts(&self) -> Option<&Arc<Accounts>> {
        self.accounts.as_ref()
    }

    /// Whether people reach this server by HTTPS.
    pub(crate) fn is_secure(&self) -> bool {
        self.door != DoorKind::Plain
    }

    /// What a request shows: a token before a cookie. A token may be in the query of `/sync`,
    /// because browsers send no header of ours with a WebSocket.
    pub(crate) fn shown(&self, headers: &HeaderMap, query: Option<&str>) -> Option<Shown> {
        let token = |text: &str| SecretHash::of(SecretKind::Token, text).map(Shown::Token);
        if let Some(header) = headers.get(AUTHORIZATION) {
            let (scheme, text) = header.to_str().ok()?.split_once(' ')?;
            return scheme
                .eq_ignore_ascii_case("bearer")
                .then(|| token(text.trim()))?;
        }
        let mut pairs = query.unwrap_or_default().split('&');
        if let Some(text) = pairs.find_map(|pair| pair.strip_prefix("access_token=")) {
            return token(text);
        }
        let session = self.session_cookie(headers)?;
        SecretHash::of(SecretKind::Session, session).map(Shown::Session)
    }

    /// Who that is, if it may be used for this; people may all.
    pub(crate) fn know(
        &self,
        shown: Option<Shown>,
        scope: Option<Scope>,
        now: Timestamp,
    ) -> Result<Option<Known>, Denied> {
        let Some(accounts) = &self.accounts else {
            return Ok(None);
        };
        let known = match shown.ok_or(Denied::SignInNeeded)? {
            Shown::Session(hash) => accounts.known_by_session(&hash, now)?,
            Shown::Token(hash) => accounts.known_by_token(&hash, now)?,
        };
        let known = known.ok_or(Denied::SignInNeeded)?;
        match (&known.scopes, scope) {
            (None, _) => Ok(Some(known)),
            (Some(scopes), Some(scope)) if scopes.contains(&scope) => Ok(Some(known)),
            (Some(_), _) => Err(Denied::Scope),
        }
    }

    /// Whether somebody who was let in a moment ago still is.
    pub(crate) fn is_still_known(&self, holder: &Holder) -> Result<bool, Denied> {
        let Some(accounts) = &self.accounts else {
            return Ok(true);
        };
        let now = clock::now();
        Ok(match &holder.by {
            Held::Session { session, .. } => accounts.known_by_session(session, now)?.is_some(),
            Held::Token(id) => {
                let tokens = accounts.tokens(Some(&holder.member))?;
                tokens
                    .iter()
                    .any(|token| token.id == *id && now < token.expires)
            }
        })
    }

    /// The name of the cookie of a session. Browsers take one that begins so only from this very host, by HTTPS.
    const fn cookie_name(&self) -> &'static str {
        match self.door {
            DoorKind::Plain => "meltemi",
            DoorKind::Tls | DoorKind::BehindHttps => "__Host-meltemi",
        }
    }

    /// What the browser shows as its session.
    pub(crate) fn session_cookie<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        cookie(headers, self.cookie_name())
    }

    /// The name of the cookie of a browser that has left for a provider of OpenID Connect.
    const fn way_cookie_name(&self) -> &'static str {
        match self.door {
            DoorKind::Plain => "meltemi-openid",
            DoorKind::Tls | DoorKind::BehindHttps => "__Host-meltemi-openid",
        }
    }

    /// What the browser shows that comes back from a provider.
    pub(crate) fn way_cookie<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        cookie(headers, self.way_cookie_name())
    }

    /// The header by which a browser is known again when it comes back.
    pub(crate) fn give_way_cookie(&self, browser: &Secret) -> String {
        self.write_way_cookie(browser.expose(), limits::OPENID_FLOW.as_secs())
    }

    /// The header that takes it away.
    pub(crate) fn take_way_cookie(&self) -> String {
        self.write_way_cookie("", 0)
    }

    /// `Lax`, because browsers do not send a strict cookie when another site leads here, and that
    /// is how people come back. It lets nobody in by itself.
    fn write_way_cookie(&self, value: &str, seconds: u64) -> String {
        let (name, secure) = (self.way_cookie_name(), self.secure());
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }

    /// The header that gives a browser its session, for as long as that lasts.
    pub(crate) fn give_cookie(&self, session: &Secret) -> String {
        self.renew_cookie(session.expose())
    }

    /// The header that lets a browser keep the session it has shown.
    pub(crate) fn renew_cookie(&self, session: &str) -> String {
        self.cookie(session, limits::SESSION.as_secs())
    }

    /// The header that takes it away.
    pub(crate) fn take_cookie(&self) -> String {
        self.cookie("", 0)
    }

    fn cookie(&self, value: &str, seconds: u64) -> String {
        let (name, secure) = (self.cookie_name(), self.secure());
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    fn secure(&self) -> &'static str {
        if self.is_secure() { "; Secure" } else { "" }
    }

    /// The network address a request comes from. Only a server on this machine in front of this
    /// one is believed when it names another.
    pub(crate) fn address(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        if self.door != DoorKind::BehindHttps || !peer.is_loopback() {
            return peer;
        }
        // The last is the one that our own server has added.
        let header = headers.get_all("x-forwarded-for").iter().next_back();
        let last = header
            .and_then(|header| header.to_str().ok())
            .and_then(|header| header.rsplit(',').next());
        last.and_then(|last| last.trim().parse().ok())
            .unwrap_or(peer)
    }

    /// A server that speaks plain HTTP is for its own machine alone. A page of another site gets
    /// there when the name of its own site suddenly leads here; it is known by that name.
    pub(crate) fn check_host(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let Some(host) = headers.get(HOST).filter(|_| !self.is_secure()) else {
            return Ok(());
        };
        let shown = String::from_utf8_lossy(host.as_bytes());
        let named = shown.parse::<Authority>().ok();
        let name = named.as_ref().map_or("", Authority::host);
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        if name == "localhost" || name.ends_with(".localhost") || address.parse::<IpAddr>().is_ok()
        {
            return Ok(());
        }
        Err(Denied::Host(printable(&shown)))
    }

    /// Browsers let any page open a WebSocket to any server and say which page it was. Programs
    /// that are no browser send no origin.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let Some(origin) = origin(headers) else {
            return Ok(());
        };
        if self.is_own(&origin, headers) || self.allowed_origins.contains(&origin) {
            return Ok(());
        }
        Err(Denied::Origin(printable(&origin)))
    }

    /// What changes something must come from one of our own pages, and say so.
    pub(crate) fn check_same_origin(&self, headers: &HeaderMap) -> Result<(), Denied> {
        match origin(headers) {
            Some(origin) if self.is_own(&origin, headers) => Ok(()),
            _ => Err(Denied::CrossSite),
        }
    }

    fn is_own(&self, origin: &str, headers: &HeaderMap) -> bool {
        let own = headers.get(HOST).and_then(|host| host.to_str().ok());
        let uri = origin.parse::<Uri>().ok();
        let authority = uri.as_ref().and_then(Uri::authority);
        let secure = uri.as_ref().and_then(Uri::scheme_str) == Some("https");
        let same =
            authority.is_some_and(|a| own.is_some_and(|own| a.as_str().eq_ignore_ascii_case(own)));
        same && (secure || !self.is_secure())
    }
}

/// Who this server is to the browser that asks, whose origin was checked. Passkeys are for names.
pub(crate) fn site(headers: &HeaderMap) -> Option<Site> {
    let origin = origin(headers)?;
    let uri = origin.parse::<Uri>().ok()?;
    Site::new(uri.host()?, &origin)
}

/// What somebody sent, fit for a message.
fn printable(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(200).collect()
}

/// A cookie that a browser shows.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(known, _)| *known == name);
    found.map(|(_, value)| value)
}

fn origin(headers: &HeaderMap) -> Option<String> {
    let origin = headers.get(ORIGIN)?;
    Some(String::from_utf8_lossy(origin.as_bytes()).into_owned())
}
