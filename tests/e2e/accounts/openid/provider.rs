//! A small provider of OpenID Connect, with keys of its own: discovery, keys, sign-in and tokens,
//! over plain HTTP on this machine. It can be told to make tokens that are not right.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use ring::{digest, hmac};
use serde_json::{Value, json};
use url::Url;

/// What the server proves with that it is the client.
pub(in crate::accounts) const SECRET: &str = "client secret of the harbour";

/// The name of the server at the provider.
const CLIENT: &str = "meltemi";

/// What can be wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::accounts) enum Fault {
    None,
    Expired,
    Audience,
    TwoAudiences,
    Party,
    Issuer,
    Nonce,
    NoNonce,
    ForeignKey,
    NoSignature,
    SharedSecret,
    Changed,
}

/// Somebody at the provider.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct Somebody {
    pub(in crate::accounts) subject: &'static str,
    pub(in crate::accounts) email: Option<&'static str>,
    pub(in crate::accounts) verified: bool,
}

/// What a code stands for.
struct Grant {
    who: Somebody,
    nonce: String,
    challenge: String,
    callback: String,
}

struct State {
    issuer: String,
    key: EcdsaKeyPair,
    key_id: String,
    fault: Fault,
    who: Somebody,
    /// Takes codes again that were used.
    forgetful: bool,
    codes: BTreeMap<String, Grant>,
    /// How often each address was asked for.
    asked: BTreeMap<String, usize>,
    /// Everything secret that it has handed out or been told.
    secrets: Vec<String>,
}

/// The provider.
#[derive(Clone)]
pub(in crate::accounts) struct Provider {
    pub(in crate::accounts) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

fn fresh_key() -> EcdsaKeyPair {
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key")
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn random() -> String {
    let bytes: [u8; 16] = ring::rand::generate(&SystemRandom::new())
        .expect("random bytes")
        .expose();
    text(bytes)
}

fn digest(of: &str) -> String {
    text(digest::digest(&digest::SHA256, of.as_bytes()))
}

impl Provider {
    /// A provider where nobody has signed in yet, and its person is Carla.
    pub(in crate::accounts) fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            issuer: format!("http://{address}"),
            key: fresh_key(),
            key_id: "k1".to_owned(),
            fault: Fault::None,
            who: Somebody {
                subject: "subject-of-carla",
                email: Some("carla@cities.example"),
                verified: true,
            },
            forgetful: false,
            codes: BTreeMap::new(),
            asked: BTreeMap::new(),
            secrets: vec![SECRET.to_owned()],
        };
        let provider = Self {
            address,
            state: Arc::new(Mutex::new(state)),
        };
        let serving = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serving.answer(stream);
            }
        });
        provider
    }

    /// The same, said to be at another address.
    pub(in crate::accounts) fn elsewhere(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing has failed")
    }

    /// From now on tokens have this fault.
    pub(in crate::accounts) fn set_fault(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// From now on somebody else is signed in there.
    pub(in crate::accounts) fn set_who(&self, who: Somebody) {
        self.state().who = who;
    }

    /// From now on codes are taken again.
    pub(in crate::accounts) fn forget(&self) {
        self.state().forgetful = true;
    }

    /// Signs with another key from now on, of this name.
    pub(in crate::accounts) fn rotate(&self, key_id: &str) {
        let mut state = self.state();
        state.key = fresh_key();
        key_id.clone_into(&mut state.key_id);
    }

    /// How often this address was asked for.
    pub(in crate::accounts) fn asked(&self, path: &str) -> usize {
        self.state().asked.get(path).copied().unwrap_or(0)
    }

    /// Everything secret that was said until now.
    pub(in crate::accounts) fn secrets(&self) -> Vec<String> {
        self.state().secrets.clone()
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
        let mut line = String::new();
        let mut head = Vec::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            head.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        let header = |name: &str| {
            let found = head.iter().find_map(|line| {
                let (known, value) = line.split_once(": ")?;
                known.eq_ignore_ascii_case(name).then(|| value.to_owned())
            });
            found.unwrap_or_default()
        };
        let length = header("content-length").parse().unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        let target = head.first().and_then(|line| line.split(' ').nth(1));
        let url = format!("http://{}{}", self.address, target.unwrap_or("/"));
        let url = Url::parse(&url).expect("an address");
        let (status, place, body) = self.state().respond(&url, &header("authorization"), &body);
        let body = body.to_string();
        let place = place.map_or(String::new(), |place| format!("location: {place}\r\n"));
        let answer = format!(
            "HTTP/1.1 {status} X\r\n{place}content-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        // Whoever asked may have gone.
        let _ = stream.write_all(answer.as_bytes());
    }
}

type Response = (u16, Option<String>, Value);

impl State {
    fn respond(&mut self, url: &Url, authorization: &str, body: &[u8]) -> Response {
        *self.asked.entry(url.path().to_owned()).or_default() += 1;
        let at = |path: &str| format!("{}{path}", self.issuer);
        match url.path() {
            "/.well-known/openid-configuration" => (
                200,
                None,
                json!({
                    "issuer": self.issuer,
                    "authorization_endpoint": at("/authorize"),
                    "token_endpoint": at("/token"),
                    "jwks_uri": at("/jwks"),
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
                    "authorization_response_iss_parameter_supported": true,
                }),
            ),
            "/jwks" => {
                let point = self.key.public_key().as_ref();
                let key = json!({
                    "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.key_id,
                    "x": text(&point[1..33]), "y": text(&point[33..65]),
                });
                (200, None, json!({ "keys": [key] }))
            }
            "/authorize" => self.authorize(url),
            "/token" => self.token(authorization, body),
            _ => (404, None, Value::Null),
        }
    }

    fn authorize(&mut self, url: &Url) -> Response {
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
        let scopes = of("scope");
        let right = of("client_id") == CLIENT
            && of("response_type") == "code"
            && of("code_challenge_method") == "S256"
            && scopes.split(' ').any(|scope| scope == "openid")
            && of("redirect_uri").ends_with("/api/openid/callback");
        if !right {
            return (400, None, Value::Null);
        }
        let code = random();
        let said = [of("state"), of("nonce"), of("code_challenge"), code.clone()];
        self.secrets.extend(said);
        let mut back = Url::parse(&of("redirect_uri")).expect("an address");
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &of("state"))
            .append_pair("iss", &self.issuer)
            .append_pair("session_state", "x");
        let grant = Grant {
            who: self.who.clone(),
            nonce: of("nonce"),
            challenge: of("code_challenge"),
            callback: of("redirect_uri"),
        };
        self.codes.insert(code, grant);
        (302, Some(back.into()), Value::Null)
    }

    fn token(&mut self, authorization: &str, body: &[u8]) -> Response {
        let refused = |error: &str| (400, None, json!({ "error": error }));
        let told: BTreeMap<String, String> =
            url::form_urlencoded::parse(body).into_owned().collect();
        let of = |name: &str| told.get(name).cloned().unwrap_or_default();
        let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let own = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{encoded}")));
        if authorization != own || of("grant_type") != "authorization_code" {
            return (401, None, json!({ "error": "invalid_client" }));
        }
        let Some(grant) = self.codes.remove(&of("code")) else {
            return refused("invalid_grant");
        };
        let right = grant.callback == of("redirect_uri")
            && (grant.challenge == digest(&of("code_verifier")) || self.forgetful);
        if !right {
            return refused("invalid_grant");
        }
        let (access, id) = (random(), self.id_token(&grant));
        let said = [of("code_verifier"), access.clone(), id.clone()];
        self.secrets.extend(said);
        if self.forgetful {
            self.codes.insert(of("code"), grant);
        }
        let answer = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id,
        });
        (200, None, answer)
    }

    fn id_token(&self, grant: &Grant) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("a time").as_secs();
        let mut claims = json!({
            "iss": self.issuer, "sub": grant.who.subject, "aud": CLIENT, "nonce": grant.nonce,
            "iat": now, "exp": now + 300, "name": "Carla of the harbour",
            "email": grant.who.email, "email_verified": grant.who.verified,
        });
        match self.fault {
            Fault::Expired => {
                claims["iat"] = json!(now - 600);
                claims["exp"] = json!(now - 1);
            }
            Fault::Audience => claims["aud"] = json!("somebody-else"),
            Fault::TwoAudiences => claims["aud"] = json!([CLIENT, "somebody-else"]),
            Fault::Party => claims["azp"] = json!("somebody-else"),
            Fault::Issuer => claims["iss"] = json!("https://elsewhere.example"),
            Fault::Nonce => claims["nonce"] = json!(random()),
            Fault::NoNonce => claims["nonce"] = Value::Null,
            _ => {}
        }
        let algorithm = match self.fault {
            Fault::NoSignature => "none",
            Fault::SharedSecret => "HS256",
            _ => "ES256",
        };
        let head = json!({ "alg": algorithm, "typ": "JWT", "kid": self.key_id });
        let mut signed = format!("{}.{}", text(head.to_string()), text(claims.to_string()));
        let foreign = fresh_key();
        let key = match self.fault {
            Fault::ForeignKey => &foreign,
            _ => &self.key,
        };
        let signature = match self.fault {
            Fault::NoSignature => String::new(),
            Fault::SharedSecret => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
                text(hmac::sign(&key, signed.as_bytes()))
            }
            _ => {
                let random = SystemRandom::new();
                text(key.sign(&random, signed.as_bytes()).expect("a signature"))
            }
        };
        if self.fault == Fault::Changed {
            claims["sub"] = json!("subject-of-somebody-else");
            signed = format!("{}.{}", text(head.to_string()), text(claims.to_string()));
        }
        format!("{signed}.{signature}")
    }
}
