//! Accounts at organisations by which one signs in, as the server lists them.

use serde::Deserialize;

/// A link to an account at an organisation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// The name of the organisation's sign-in.
    pub provider: String,
    /// When it was made, in milliseconds since 1970.
    pub created: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::office::answer;

    #[test]
    fn links_are_read() {
        let body = r#"[{"id":"o-1","provider":"Union of Cities","created":7}]"#;
        let links: Vec<Link> = answer::read(body).expect("a list");
        assert_eq!(links[0].provider, "Union of Cities");
        assert_eq!(links[0].created, 7.0);
    }
}
