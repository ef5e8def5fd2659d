//! A browser that goes to a provider and comes back, with its cookies.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use meltemi_tests::request::{Answer, get, get_with, send};
use serde_json::{Value, json};
use url::Url;

use crate::accounts::people::{Person, World};

/// A browser.
#[derive(Debug, Clone)]
pub(in crate::accounts) struct Browser {
    server: SocketAddr,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// One that was never here.
    pub(in crate::accounts) fn new(world: &World) -> Self {
        Self {
            server: world.server.address,
            cookies: BTreeMap::new(),
        }
    }

    /// The one on which somebody has signed in.
    pub(in crate::accounts) fn of(world: &World, person: &Person) -> Self {
        let mut browser = Self::new(world);
        browser.keep(&person.cookie);
        browser
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie
            .split(';')
            .next()
            .and_then(|pair| pair.split_once('='));
        match pair {
            Some((name, "")) => drop(self.cookies.remove(name)),
            Some((name, value)) => {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            None => {}
        }
    }

    fn keep_all(&mut self, answer: &Answer) {
        let cookies = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie");
        for (_, cookie) in cookies {
            self.keep(cookie);
        }
    }

    /// What it sends; from another site without what is for its own pages only.
    fn shown(&self, from_elsewhere: bool) -> String {
        let sent = self.cookies.iter();
        let sent = sent.filter(|(name, _)| !from_elsewhere || *name != "meltemi");
        let pairs: Vec<String> = sent
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// What it must not tell.
    pub(in crate::accounts) fn secrets(&self) -> Vec<String> {
        self.cookies.values().cloned().collect()
    }

    /// Asks the server for something.
    pub(in crate::accounts) fn get(&self, path: &str) -> Answer {
        get_with(self.server, path, &[("cookie", &self.shown(false))])
    }

    /// Sends something from a page of the server.
    pub(in crate::accounts) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let origin = format!("http://{}", self.server);
        let cookies = self.shown(false);
        let headers = [
            ("origin", &*origin),
            ("content-type", "application/json"),
            ("cookie", &cookies),
        ];
        send(
            self.server,
            method,
            path,
            &headers,
            body.to_string().as_bytes(),
        )
    }

    /// Leaves for the provider, which sends it back at once: with this path.
    pub(in crate::accounts) fn leaves(&mut self, path: &str, body: &Value) -> String {
        let answer = self.send("POST", path, body);
        assert_eq!(answer.status, 200, "{answer:?}");
        self.keep_all(&answer);
        let address = answer.json()["address"].as_str().map(Url::parse);
        let address = address.expect("an address").expect("an address");
        let host = address.socket_addrs(|| None).expect("a host")[0];
        let path = format!("{}?{}", address.path(), address.query().unwrap_or_default());
        let answer = get(host, &path);
        assert_eq!(answer.status, 302, "{answer:?}");
        let back = Url::parse(answer.header("location").expect("a way back"));
        let back = back.expect("an address");
        assert_eq!(back.socket_addrs(|| None).expect("a host")[0], self.server);
        format!("{}?{}", back.path(), back.query().unwrap_or_default())
    }

    /// Comes back.
    pub(in crate::accounts) fn comes(&mut self, back: &str) -> Answer {
        let cookies = self.shown(true);
        let answer = get_with(self.server, back, &[("cookie", &cookies)]);
        assert_eq!(answer.status, 303, "{answer:?}");
        self.keep_all(&answer);
        answer
    }

    /// Goes and comes back, to sign in or to join.
    pub(in crate::accounts) fn goes(&mut self, body: &Value) -> Answer {
        let back = self.leaves("/api/openid/cities/begin", body);
        self.comes(&back)
    }

    /// Goes and comes back, to link an account.
    pub(in crate::accounts) fn links(&mut self) -> Answer {
        let back = self.leaves("/api/openid/cities/link", &json!({}));
        self.comes(&back)
    }
}

fn read(back: &str) -> Url {
    Url::parse(&format!("http://localhost{back}")).expect("an address")
}

/// What a way back says.
pub(in crate::accounts) fn of(back: &str, name: &str) -> String {
    let said = read(back);
    let mut said = said.query_pairs().filter(|(known, _)| known == name);
    said.next().expect("it is said").1.into_owned()
}

/// The same way back, which says something else.
pub(in crate::accounts) fn with(back: &str, name: &str, value: &str) -> String {
    let url = read(back);
    let others = url.query_pairs().filter(|(known, _)| known != name);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(others).append_pair(name, value);
    format!("{}?{}", url.path(), query.finish())
}
