//! A server with accounts, and people at it.

use std::net::SocketAddr;
use std::path::PathBuf;

use meltemi_tests::request::{Answer, send};
use meltemi_tests::server::Server;
use serde_json::{Value, json};

use crate::{MELTEMI, data_folder};

/// Everybody's password.
pub(super) const PASSWORD: &str = "a lighthouse keeper";

/// A server and its folder.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) data: PathBuf,
    pub(super) folder: tempfile::TempDir,
}

/// Somebody with a session.
pub(super) struct Person {
    address: SocketAddr,
    /// As it is sent in a header.
    pub(super) cookie: String,
}

impl World {
    /// A new server.
    pub(super) fn begin(arguments: &[&str]) -> Self {
        let (folder, data) = data_folder();
        let arguments = [&["--log", "trace"], arguments].concat();
        let server = MELTEMI.serve_closed(&data, &arguments);
        Self {
            server,
            data,
            folder,
        }
    }

    /// Stops the server, and starts it again on the same folder.
    pub(super) fn restart(self) -> Self {
        let Self {
            server,
            data,
            folder,
        } = self;
        assert!(server.stop().success());
        Self {
            server: MELTEMI.serve_closed(&data, &["--log", "trace"]),
            data,
            folder,
        }
    }

    /// Sends something without a session, as a page of this server does.
    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        request(self.server.address, "POST", path, None, body)
    }

    /// Accepts an invitation.
    pub(super) fn join(&self, secret: &str, name: &str) -> Answer {
        let form = json!({
            "secret": secret,
            "name": format!("{name} of the harbour"),
            "email": format!("{name}@cities.example"),
            "password": PASSWORD,
            "device_name": format!("phone of {name}"),
        });
        self.post("/api/join", &form)
    }

    /// Accepts the invitation that the server has printed.
    pub(super) fn first_coordinator(&self, name: &str) -> Person {
        let link = self.server.first_coordinator.as_deref().expect("a link");
        let secret = link.rsplit('/').next().expect("a secret");
        Person::from(self, &self.join(secret, name))
    }

    /// Somebody with a role, invited by a coordinator.
    pub(super) fn invited(&self, by: &Person, name: &str, role: &str) -> Person {
        let form = json!({ "programme": "test", "role": role });
        let made = by.send("POST", "/api/invitations", &form).json();
        let secret = made["secret"].as_str().expect("a secret");
        Person::from(self, &self.join(secret, name))
    }

    /// Signs in.
    pub(super) fn sign_in(&self, email: &str, password: &str) -> Answer {
        let form = json!({ "email": email, "password": password });
        self.post("/api/session", &form)
    }
}

impl Person {
    /// Somebody who was given a session by this answer.
    pub(super) fn from(world: &World, answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{answer:?}");
        let cookie = answer.header("set-cookie").expect("a cookie");
        Self {
            address: world.server.address,
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
        }
    }

    /// The same, at a server that was started again.
    pub(super) fn at(&self, world: &World) -> Self {
        Self {
            address: world.server.address,
            cookie: self.cookie.clone(),
        }
    }

    /// Asks for something.
    pub(super) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null)
    }

    /// Sends something.
    pub(super) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        request(self.address, method, path, Some(&self.cookie), body)
    }

    /// The id of the device.
    pub(super) fn device(&self) -> String {
        let session = self.get("/api/session").json();
        session["device"]["id"]
            .as_str()
            .expect("a device")
            .to_owned()
    }

    /// A new token: its id and itself.
    pub(super) fn token(&self, scopes: &[&str]) -> (String, String) {
        let form = json!({ "name": "export of the harbour", "scopes": scopes });
        let made = self.send("POST", "/api/tokens", &form).json();
        let text = |field: &str| made[field].as_str().expect("a text").to_owned();
        (text("id"), text("secret"))
    }
}

fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    body: &Value,
) -> Answer {
    let origin = format!("http://{address}");
    let mut headers = vec![("origin", origin.as_str())];
    headers.extend(cookie.map(|cookie| ("cookie", cookie)));
    if body.is_null() {
        return send(address, method, path, &headers, &[]);
    }
    headers.push(("content-type", "application/json"));
    send(address, method, path, &headers, body.to_string().as_bytes())
}
