//! Members of a server with accounts, and their tokens.

use std::net::SocketAddr;

use meltemi_tests::request::{Answer, send};
use meltemi_tests::server::Server;
use serde_json::{Value, json};

/// Somebody with a session.
pub(crate) struct Person {
    server: SocketAddr,
    cookie: String,
}

impl Person {
    /// The first coordinator, by the link that the server has printed.
    pub(crate) fn first(server: &Server) -> Self {
        let link = server.first_coordinator.as_deref().expect("a link");
        let secret = link.rsplit('/').next().expect("a secret");
        Self::joined(server.address, secret, "ana")
    }

    /// Somebody else, with a role in the programme of the tests.
    pub(crate) fn invited(&self, name: &str, role: &str) -> Self {
        let form = json!({ "programme": "test", "role": role });
        let made = self.ask("POST", "/api/invitations", &form).json();
        let secret = made["secret"].as_str().expect("a secret");
        Self::joined(self.server, secret, name)
    }

    fn joined(server: SocketAddr, secret: &str, name: &str) -> Self {
        let mut person = Self {
            server,
            cookie: String::new(),
        };
        let form = json!({ "secret": secret, "name": name, "password": "a lighthouse keeper",
                           "email": format!("{name}@cities.example") });
        let answer = person.ask("POST", "/api/join", &form);
        let cookie = answer.header("set-cookie").expect("a cookie");
        person.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        person
    }

    /// A new personal access token.
    pub(crate) fn token(&self, scope: &str) -> String {
        let form = json!({ "name": "samod", "scopes": [scope] });
        let made = self.ask("POST", "/api/tokens", &form).json();
        made["secret"].as_str().expect("a token").to_owned()
    }

    /// Asks for something.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &Value::Null)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let origin = format!("http://{}", self.server);
        let headers = [
            ("origin", origin.as_str()),
            ("cookie", &self.cookie),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        send(self.server, method, path, &headers, body.as_bytes())
    }
}
