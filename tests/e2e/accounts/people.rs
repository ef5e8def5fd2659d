//! A server with accounts, and people at it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use meltemi_tests::request::{Answer, send};
use meltemi_tests::server::Server;
use serde_json::{Value, json};

use crate::{MELTEMI, data_folder};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "a lighthouse keeper";

/// A server and its folder.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) data: PathBuf,
    pub(crate) folder: tempfile::TempDir,
}

/// Somebody with a session.
pub(crate) struct Person {
    address: SocketAddr,
    /// As it is sent in a header.
    pub(crate) cookie: String,
}

impl World {
    /// A new server.
    pub(crate) fn begin(arguments: &[&str]) -> Self {
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
    pub(crate) fn restart(self) -> Self {
        self.stopped(|_| {}, &[])
    }

    /// Stops the server, does something to its folder and starts it again.
    pub(crate) fn stopped(self, meanwhile: impl FnOnce(&Path), arguments: &[&str]) -> Self {
        let Self {
            server,
            data,
            folder,
        } = self;
        assert!(server.stop().success());
        meanwhile(&data);
        let arguments = [&["--log", "trace"], arguments].concat();
        Self {
            server: MELTEMI.serve_closed(&data, &arguments),
            data,
            folder,
        }
    }

    /// Sends something without a session, as a page of this server does.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        request(self.server.address, "POST", path, None, body)
    }

    /// Accepts an invitation.
    pub(crate) fn join(&self, secret: &str, name: &str) -> Answer {
        join(self.server.address, secret, name)
    }

    /// Accepts the invitation that the server has printed.
    pub(crate) fn first_coordinator(&self, name: &str) -> Person {
        let link = self.server.first_coordinator.as_deref().expect("a link");
        let secret = link.rsplit('/').next().expect("a secret");
        Person::from(self, &self.join(secret, name))
    }

    /// Somebody with a role, invited by a coordinator.
    pub(crate) fn invited(&self, by: &Person, name: &str, role: &str) -> Person {
        assert_eq!(by.address, self.server.address);
        by.invites(name, "test", role)
    }

    /// Signs in.
    pub(crate) fn sign_in(&self, email: &str, password: &str) -> Answer {
        let form = json!({ "email": email, "password": password });
        self.post("/api/session", &form)
    }
}

impl Person {
    /// Somebody who was given a session by this answer.
    pub(crate) fn from(world: &World, answer: &Answer) -> Self {
        Self::at_address(world.server.address, answer)
    }

    fn at_address(address: SocketAddr, answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{answer:?}");
        let cookie = answer.header("set-cookie").expect("a cookie");
        Self {
            address,
            cookie: cookie.split(';').next().unwrap_or_default().to_owned(),
        }
    }

    /// The same, at a server that was started again.
    pub(crate) fn at(&self, world: &World) -> Self {
        Self {
            address: world.server.address,
            cookie: self.cookie.clone(),
        }
    }

    /// Asks for something.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null)
    }

    /// Sends something.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        request(self.address, method, path, Some(&self.cookie), body)
    }

    /// The id of the device.
    pub(crate) fn device(&self) -> String {
        let session = self.get("/api/session").json();
        session["device"]["id"]
            .as_str()
            .expect("a device")
            .to_owned()
    }

    /// Somebody whom this coordinator invites to a role, and who joins.
    pub(crate) fn invites(&self, name: &str, programme: &str, role: &str) -> Self {
        let form = json!({ "programme": programme, "role": role });
        let made = self.send("POST", "/api/invitations", &form).json();
        let secret = made["secret"].as_str().expect("a secret");
        Self::at_address(self.address, &join(self.address, secret, name))
    }

    /// The id of the member.
    pub(crate) fn id(&self) -> String {
        let session = self.get("/api/session").json();
        let id = session["member"]["id"].as_str().expect("a member");
        id.to_owned()
    }

    /// A new token: its id and itself.
    pub(crate) fn token(&self, scopes: &[&str]) -> (String, String) {
        let form = json!({ "name": "export of the harbour", "scopes": scopes });
        let made = self.send("POST", "/api/tokens", &form).json();
        let text = |field: &str| made[field].as_str().expect("a text").to_owned();
        (text("id"), text("secret"))
    }
}

fn join(address: SocketAddr, secret: &str, name: &str) -> Answer {
    let form = json!({
        "secret": secret,
        "name": format!("{name} of the harbour"),
        "email": format!("{name}@cities.example"),
        "password": PASSWORD,
        "device_name": format!("phone of {name}"),
    });
    request(address, "POST", "/api/join", None, &form)
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
