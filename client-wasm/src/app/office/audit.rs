//! The audit log: pages of entries, and the file they are exported as.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer;
use crate::app::protocol::Failure;

/// What can be done, each with a text as `office.deed.{word}`.
pub const DEEDS: [&str; 18] = [
    "sign-in",
    "sign-out",
    "join",
    "password-change",
    "recovery",
    "recovery-codes",
    "passkey-sign-in",
    "passkey-copied",
    "passkey-add",
    "passkey-name",
    "passkey-remove",
    "invite",
    "invitation-withdraw",
    "member-change",
    "device-name",
    "device-revoke",
    "token-make",
    "token-revoke",
];

/// How it can end, each with a text as `office.outcome.{word}`.
pub const OUTCOMES: [&str; 2] = ["done", "refused"];

/// An entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Entry {
    /// Number, from 1.
    pub seq: u64,
    /// When, in the server's time, as `2026-11-25T08:00:00Z`.
    pub time: String,
    /// Id of the member who did it.
    pub who: Option<String>,
    /// What was done.
    pub what: String,
    /// Id of that to which it was done.
    pub object: Option<String>,
    /// From which network address, or `command-line`.
    pub from: String,
    /// How it ended: `done` or `refused`.
    pub outcome: String,
}

/// Some of the entries, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The same as the server wrote them, which is what the chain of digests is made of.
    pub lines: Vec<String>,
    /// What to ask for as `before` for older ones; none when there are none.
    pub next: Option<u64>,
}

/// A page as it is written.
#[derive(Deserialize)]
struct Written {
    entries: Vec<Box<RawValue>>,
    next: Option<u64>,
}

/// The address of a page.
pub fn address(before: Option<u64>) -> String {
    match before {
        Some(before) => format!("/api/audit?before={before}"),
        None => "/api/audit".to_owned(),
    }
}

/// Reads a page.
pub fn read(body: &str) -> Result<Page, Failure> {
    let written: Written = answer::read(body)?;
    let lines: Vec<String> = written
        .entries
        .into_iter()
        .map(|entry| entry.get().to_owned())
        .collect();
    let entries = lines.iter().map(|line| answer::read(line));
    Ok(Page {
        entries: entries.collect::<Result<_, _>>()?,
        lines,
        next: written.next,
    })
}

impl Page {
    /// Adds the entries before these.
    pub fn add(&mut self, older: Self) {
        self.entries.extend(older.entries);
        self.lines.extend(older.lines);
        self.next = older.next;
    }

    /// The entries that ended so; all for an empty word.
    pub fn ended(&self, outcome: &str) -> Vec<Entry> {
        let all = self.entries.iter();
        all.filter(|entry| outcome.is_empty() || entry.outcome == outcome)
            .cloned()
            .collect()
    }

    /// The file of an export: one entry a line, oldest first, as `meltemi audit export` writes it.
    pub fn file(&self) -> String {
        let mut file = String::new();
        for line in self.lines.iter().rev() {
            file.push_str(line);
            file.push('\n');
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(seq: u64, outcome: &str, next: &str) -> Page {
        let body = format!(
            r#"{{"entries":[{{"seq":{seq},"time":"2026-11-25T08:00:00Z","who":null,
            "what":"sign-in","object":null,"from":"192.0.2.7","device":null,
            "outcome":"{outcome}","prev":"00"}}],"next":{next}}}"#
        );
        read(&body).expect("a page")
    }

    #[test]
    fn pages_follow_each_other_and_the_file_is_oldest_first() {
        let mut all = page(2, "refused", "2");
        assert_eq!(address(all.next), "/api/audit?before=2");
        all.add(page(1, "done", "null"));
        assert_eq!(all.next, None);
        let seqs = |entries: Vec<Entry>| entries.iter().map(|it| it.seq).collect::<Vec<_>>();
        assert_eq!(seqs(all.ended("")), [2, 1]);
        assert_eq!(seqs(all.ended("done")), [1]);
        let file = all.file();
        assert!(file.starts_with(r#"{"seq":1,"#) && file.ends_with("}\n"));
        // Digests are of what the server stores, so not a letter is changed.
        assert!(file.contains(r#""outcome":"done","prev":"00"}"#));
    }
}
