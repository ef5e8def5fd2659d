//! Which providers a server believes, from the file that `--openid` names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use meltemi_core::id::RecordRef;
use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use serde::Deserialize;

use super::fetch;
use crate::limits;

/// Words that are addresses beside the keys of providers.
const RESERVED: [&str; 2] = ["callback", "links"];

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    provider: Vec<Entry>,
}

/// A provider in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key: String,
    name: String,
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    body: Option<RecordRef>,
    #[serde(default)]
    email_domains: Vec<String>,
}

/// A provider that is believed.
#[derive(Debug, Clone)]
pub(crate) struct Trusted {
    /// What addresses name it by.
    pub(crate) key: String,
    /// What people know it by.
    pub(crate) name: String,
    /// Who signs its tokens.
    pub(crate) issuer: IssuerUrl,
    /// The name that it has given to this server.
    pub(crate) client_id: ClientId,
    /// What this server proves that by.
    pub(crate) client_secret: Option<ClientSecret>,
    /// Record of the organisation or city whose people it knows. Without it, of anybody.
    pub(crate) body: Option<RecordRef>,
    /// Only people whose address is in one of these domains; in small letters. None: all.
    pub(crate) email_domains: Vec<String>,
}

/// Why the providers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenidError {
    /// Something about the file.
    #[error("cannot use {0} for sign-in by OpenID Connect: {1}")]
    File(PathBuf, String),
    /// Something about one provider in it.
    #[error("cannot use {0} for sign-in by OpenID Connect: provider {1}: {2}")]
    Provider(PathBuf, String, String),
    /// No connection to a provider could be trusted.
    #[error("cannot connect to providers of OpenID Connect: {0}")]
    Tls(String),
}

/// Reads the file, and those it names.
pub(super) fn read(path: &Path) -> Result<Vec<Trusted>, OpenidError> {
    let unusable = |what: String| OpenidError::File(path.to_owned(), what);
    let text = fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let file: File = toml::from_str(&text).map_err(|error| {
        // Without the line itself: somebody may have written a secret there.
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().lines().count().max(1);
        unusable(format!("about line {line}: {}", error.message()))
    })?;
    if file.provider.is_empty() {
        return Err(unusable("it has no [[provider]]".to_owned()));
    }
    if file.provider.len() > limits::OPENID_PROVIDERS {
        let most = limits::OPENID_PROVIDERS;
        return Err(unusable(format!("it has more than {most} providers")));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut seen = BTreeSet::new();
    let mut trusted = Vec::new();
    for entry in file.provider {
        let key = entry.key.clone();
        let problem = |what: String| OpenidError::Provider(path.to_owned(), key.clone(), what);
        let provider = checked(entry, folder).map_err(problem)?;
        for name in [key.clone(), provider.issuer.as_str().to_owned()] {
            if !seen.insert(name) {
                let what = "another provider has the same key or issuer";
                return Err(problem(what.to_owned()));
            }
        }
        trusted.push(provider);
    }
    Ok(trusted)
}

/// A provider of the file, if it can be used.
fn checked(entry: Entry, folder: &Path) -> Result<Trusted, String> {
    let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=40).contains(&entry.key.len()) || !entry.key.bytes().all(sign) {
        return Err("key needs 1 to 40 of a-z, 0-9 and -".to_owned());
    }
    if RESERVED.contains(&entry.key.as_str()) {
        return Err(format!("the key {} has a meaning of its own", entry.key));
    }
    let name = entry.name.trim();
    if !(1..=60).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err("name needs 1 to 60 characters in a single line".to_owned());
    }
    let issuer = IssuerUrl::new(entry.issuer).map_err(|_| "issuer is no address".to_owned())?;
    let url = issuer.url();
    if !fetch::may_be_asked(url) || url.query().is_some() || url.fragment().is_some() {
        let what = "issuer must be https://… without ? and #; http:// only on this machine";
        return Err(what.to_owned());
    }
    if entry.client_id.trim().is_empty() {
        return Err("client_id is empty".to_owned());
    }
    let secret = entry.client_secret_file.map(|file| {
        let file = folder.join(file);
        let secret = fs::read_to_string(&file);
        let secret = secret.map_err(|error| format!("{}: {error}", file.display()))?;
        match secret.trim() {
            "" => Err(format!("{} is empty", file.display())),
            secret => Ok(ClientSecret::new(secret.to_owned())),
        }
    });
    let domain = |domain: String| {
        let domain = domain.trim().trim_start_matches('@').to_lowercase();
        let valid = !domain.is_empty() && !domain.contains(['@', ' ', '*']);
        valid.then_some(domain)
    };
    let kinds = ["organisation", "city"];
    let body = entry.body;
    if body
        .as_ref()
        .is_some_and(|body| !kinds.contains(&body.kind.as_str()))
    {
        return Err("body is no organisation or city, such as city/tangier".to_owned());
    }
    let domains = entry.email_domains.into_iter().map(domain);
    let domains: Option<Vec<String>> = domains.collect();
    Ok(Trusted {
        name: name.to_owned(),
        key: entry.key,
        client_id: ClientId::new(entry.client_id.trim().to_owned()),
        client_secret: secret.transpose()?,
        body,
        email_domains: domains.ok_or("email_domains are names such as cities.example")?,
        issuer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Trusted>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("secret"), "s3cret\n").expect("a file");
        fs::write(folder.path().join("empty"), " \n").expect("a file");
        let path = folder.path().join("openid.toml");
        fs::write(&path, text).expect("a file");
        read(&path).map_err(|error| error.to_string())
    }

    const GOOD: &str = r#"
        [[provider]]
        key = "cities"
        name = "Union of Cities"
        issuer = "https://login.cities.example/realm"
        client_id = "meltemi"
        client_secret_file = "secret"
        body = "organisation/cities"
        email_domains = ["@Cities.example"]
    "#;

    #[test]
    fn providers_are_read_with_their_secrets() {
        let read = read_text(GOOD).expect("providers");
        let [provider] = read.as_slice() else {
            panic!("one provider")
        };
        let secret = provider.client_secret.as_ref().expect("a secret");
        assert_eq!(secret.secret(), "s3cret");
        assert_eq!(provider.email_domains, ["cities.example"]);
        assert!(!format!("{provider:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let with = |from: &str, to: &str| {
            let refused = read_text(&GOOD.replace(from, to));
            refused.expect_err("a problem")
        };
        for (from, to, says) in [
            ("[[provider]]", "[[providers]]", "unknown field `providers`"),
            ("\"cities\"", "\"Cities\"", "key needs"),
            ("\"cities\"", "\"callback\"", "a meaning of its own"),
            ("https://login", "http://login", "issuer must be https"),
            ("/realm", "/realm?x=1", "without ? and #"),
            ("https://login.cities.example/realm", "login", "no address"),
            ("\"meltemi\"", "\" \"", "client_id is empty"),
            ("\"secret\"", "\"nowhere\"", "nowhere: "),
            ("\"secret\"", "\"empty\"", "empty is empty"),
            (
                "organisation/cities",
                "event/ev1",
                "is no organisation or city",
            ),
            ("@Cities.example", "*.example", "email_domains are names"),
            ("Union of Cities", "", "name needs"),
        ] {
            let said = with(from, to);
            assert!(said.contains(says), "{to}: {said}");
        }
        let twice = read_text(&GOOD.repeat(2)).expect_err("a problem");
        assert!(twice.contains("the same key or issuer"), "{twice}");
        assert!(
            read_text("")
                .expect_err("a problem")
                .contains("no [[provider]]")
        );
        let inline = with(
            "client_secret_file = \"secret\"",
            "client_secret = \"hidden\"",
        );
        assert!(inline.contains("client_secret"), "{inline}");
        assert!(!inline.contains("hidden"), "{inline}");
    }
}
