//! What is believed of what a provider says of itself. Tokens are tested where the server runs.

use openidconnect::url::Url;
use openidconnect::{ClientId, IssuerUrl};
use serde_json::{Value, json};

use super::*;

/// A provider that has said where it is a moment ago.
fn provider(issuer: &str, at: &[(&str, &str)]) -> Provider {
    let place = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
    let mut said = json!({
        "issuer": issuer,
        "authorization_endpoint": place("/authorize"),
        "token_endpoint": place("/token"),
        "jwks_uri": place("/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    for (name, address) in at {
        said[*name] = Value::from(*address);
    }
    let metadata: Metadata = serde_json::from_value(said).expect("what providers say");
    let trusted = Trusted {
        key: "cities".to_owned(),
        name: "Union of Cities".to_owned(),
        issuer: IssuerUrl::new(issuer.to_owned()).expect("an address"),
        client_id: ClientId::new("meltemi".to_owned()),
        client_secret: None,
        body: None,
        email_domains: Vec::new(),
    };
    let fetcher = Fetcher::new(&[]).expect("no authorities are needed");
    let provider = Provider::new(trusted, &fetcher);
    let newest = Some((metadata, Instant::now()));
    *provider.said.try_lock().expect("nobody has it") = Said {
        newest,
        ..Said::default()
    };
    provider
}

async fn leaves(provider: &Provider) -> Result<String, NotProved> {
    let callback = "https://meltemi.example/api/openid/callback";
    let left = provider.leave(callback, "state").await;
    left.map(|leaving| leaving.address)
}

#[tokio::test]
async fn who_is_known_by_https_sends_nobody_anywhere_else() {
    const ISSUER: &str = "https://login.cities.example/realm";
    let elsewhere = "https://sign-in.cities.example/authorize";
    let good = provider(ISSUER, &[("authorization_endpoint", elsewhere)]);
    let address = leaves(&good).await.expect("there is a way");
    let address = Url::parse(&address).expect("an address");
    assert_eq!(address.host_str(), Some("sign-in.cities.example"));
    for name in ["authorization_endpoint", "token_endpoint"] {
        for address in ["http://127.0.0.1:8/x", "http://login.cities.example/x"] {
            let bad = provider(ISSUER, &[(name, address)]);
            let refused = NotProved::Unavailable("its sign-in is not at https://");
            assert_eq!(leaves(&bad).await, Err(refused), "{name} {address}");
        }
    }
    let here = provider("http://127.0.0.1:8", &[]);
    assert!(leaves(&here).await.is_ok());
}

#[tokio::test]
async fn who_says_to_name_itself_is_taken_at_its_word() {
    const ISSUER: &str = "http://127.0.0.1:8";
    let comes = async |says: bool, issuer: Option<&str>| {
        let mut provider = provider(ISSUER, &[]);
        let said = provider.said.get_mut();
        let (metadata, _) = said.newest.as_mut().expect("it has said something");
        *metadata.additional_metadata_mut() = MoreMetadata {
            authorization_response_iss_parameter_supported: says,
        };
        let brought = Brought {
            // Without a code it ends where the provider would be asked.
            code: None,
            issuer: issuer.map(str::to_owned),
            callback: "https://meltemi.example/api/openid/callback".to_owned(),
            nonce: Nonce::new("n".to_owned()),
            verifier: PkceCodeVerifier::new("v".repeat(43)),
        };
        provider
            .identity(brought)
            .await
            .expect_err("there is no code")
    };
    let other = "https://elsewhere.example";
    for (says, issuer, expected) in [
        (true, Some(ISSUER), NotProved::Code),
        (true, None, NotProved::OtherIssuer),
        (true, Some(other), NotProved::OtherIssuer),
        (false, None, NotProved::Code),
        (false, Some(ISSUER), NotProved::Code),
        (false, Some(other), NotProved::OtherIssuer),
    ] {
        assert_eq!(comes(says, issuer).await, expected, "{says} {issuer:?}");
    }
}
