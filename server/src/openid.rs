//! Signing in by OpenID Connect: organisations whose own servers say who somebody is.
//!
//! What such a server says is believed of its own people only: who they are is the pair of its
//! issuer and its name for them (`sub`). E-mail addresses make nobody a member.

pub(crate) mod config;
mod fetch;
pub(crate) mod flow;
pub(crate) mod provider;

use std::path::Path;

use self::config::OpenidError;
use self::fetch::Fetcher;
use self::flow::Flows;
use self::provider::Provider;
use crate::limits;

/// The providers of a server, and who is on their way to one.
pub(crate) struct Openid {
    providers: Vec<Provider>,
    pub(crate) flows: Flows,
    /// The address at which people reach this server, if whoever runs it has said it.
    public_url: Option<String>,
}

impl Openid {
    /// Reads which providers there are; none without a file.
    pub(crate) fn prepare(
        file: Option<&Path>,
        public_url: Option<&str>,
    ) -> Result<Self, OpenidError> {
        let trusted = file.map_or(Ok(Vec::new()), config::read)?;
        let fetcher = Fetcher::new(&trusted)?;
        let providers = trusted.into_iter();
        Ok(Self {
            providers: providers
                .map(|trusted| Provider::new(trusted, &fetcher))
                .collect(),
            flows: Flows::new(limits::OPENID_FLOWS),
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
        })
    }

    /// All providers, in the order of the file.
    pub(crate) fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider of this key.
    pub(crate) fn provider(&self, key: &str) -> Option<&Provider> {
        let mut providers = self.providers.iter();
        providers.find(|provider| provider.trusted().key == key)
    }

    /// The name that people know an issuer by.
    pub(crate) fn name_of(&self, issuer: &str) -> Option<&str> {
        let mut trusted = self.providers.iter().map(Provider::trusted);
        let found = trusted.find(|trusted| trusted.issuer.as_str() == issuer);
        found.map(|trusted| trusted.name.as_str())
    }

    /// Where a provider sends people back to: the address that was said at the start, or that of
    /// the page from which they leave.
    pub(crate) fn callback(&self, origin: &str) -> String {
        let base = self.public_url.as_deref().unwrap_or(origin);
        format!("{base}/api/openid/callback")
    }
}
