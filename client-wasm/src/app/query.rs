//! What a list is asked for: search words, filters, order. Lives in the address.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Search, filters and order of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words to find in titles.
    pub search: String,
    /// Chosen filters: name of the filter, value.
    pub filters: BTreeMap<String, String>,
    /// Name of the column to sort by; empty for the list's own order.
    pub sort: String,
    /// Whether the order is turned round.
    pub descending: bool,
}

impl Query {
    /// Reads what follows `?` in an address. What it does not understand it keeps as a filter.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name), decode(value));
            match name.as_str() {
                "q" => query.search = value,
                "sort" => {
                    query.descending = value.starts_with('-');
                    query.sort = value.trim_start_matches('-').to_owned();
                }
                _ if value.is_empty() => {}
                _ => {
                    query.filters.insert(name, value);
                }
            }
        }
        query
    }

    /// The text for the address.
    pub fn to_text(&self) -> String {
        let mut pairs = Vec::new();
        if !self.search.trim().is_empty() {
            pairs.push(format!("q={}", encode(self.search.trim())));
        }
        for (name, value) in &self.filters {
            pairs.push(format!("{}={}", encode(name), encode(value)));
        }
        if !self.sort.is_empty() {
            let minus = if self.descending { "-" } else { "" };
            pairs.push(format!("sort={minus}{}", encode(&self.sort)));
        }
        pairs.join("&")
    }

    /// The value of a filter; empty when it is not set.
    pub fn filter(&self, name: &str) -> &str {
        self.filters.get(name).map_or("", String::as_str)
    }

    /// Sets a filter; an empty value takes it away.
    pub fn set_filter(&mut self, name: &str, value: String) {
        if value.is_empty() {
            self.filters.remove(name);
        } else {
            self.filters.insert(name.to_owned(), value);
        }
    }

    /// Whether anything narrows the list.
    pub fn narrows(&self) -> bool {
        !self.search.trim().is_empty() || !self.filters.is_empty()
    }

    /// Takes search and filters away and keeps the order.
    pub fn clear(&mut self) {
        self.search.clear();
        self.filters.clear();
    }

    /// Sorts by a column, or turns the order round when it is sorted by it already.
    pub fn sort_by(&mut self, column: &str) {
        self.descending = self.sort == column && !self.descending;
        self.sort = column.to_owned();
    }
}

/// Percent-encodes all but what may stand in a query as it is.
pub fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            // Writing to a string does not fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

/// Takes percent-encoding off. Wrong sequences stay as they are.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = |i: usize| char::from(*bytes.get(i)?).to_digit(16);
        match (bytes[at], hex(at + 1).zip(hex(at + 2))) {
            (b'%', Some((high, low))) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                at += 1;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_back() {
        let mut query = Query {
            search: "santé & écoles".into(),
            ..Query::default()
        };
        query.set_filter("year", "2019".into());
        query.set_filter("host", "city/al-hoceima".into());
        query.sort_by("dates");
        query.sort_by("dates");
        assert_eq!(Query::parse(&query.to_text()), query);
        assert!(query.descending);
    }

    #[test]
    fn broken_addresses_do_no_harm() {
        for text in ["&&&", "q=%", "q=%ZZ&=&x", "%F0%28=%8C", "sort=-", "q=%C3"] {
            let query = Query::parse(text);
            assert_eq!(Query::parse(&query.to_text()).to_text(), query.to_text());
        }
    }

    #[test]
    fn clearing_keeps_the_order() {
        let mut query = Query::parse("q=x&year=2019&sort=dates");
        assert!(query.narrows());
        query.clear();
        assert!(!query.narrows());
        assert_eq!(query.to_text(), "sort=dates");
    }
}
