//! What the screens need from outside: the worker, and the device they run on.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use meltemi_core::time::Timestamp;

use super::account::{self, Answered, Wrong};
use super::home;
use super::language::Language;
use super::passkey::Step;
use super::protocol::{Answer, Ask, Event, Failure};

/// An answer to come.
pub type Reply = Pin<Box<dyn Future<Output = Result<Answer, Failure>>>>;

/// The line to the worker.
pub trait Port {
    /// Asks, and gives the answer when it comes.
    fn ask(&self, ask: Ask) -> Reply;
    /// Hears of everything that happens from now on. One listener.
    fn listen(&self, listener: Box<dyn Fn(Event)>);
}

/// The device.
pub trait Device {
    /// What the clock shows.
    fn now(&self) -> Timestamp;
    /// The local date, as `2021-03-16`.
    fn today(&self) -> String;
    /// The local date and time, as `2021-03-16T09:30`.
    fn local_time(&self) -> String;
    /// A key nobody else makes up: 20 characters from random bits.
    fn random_key(&self) -> String;
    /// Offers the person a file to keep: its name, its media type and what is in it.
    fn offer_file(&self, name: &str, media: &str, bytes: &[u8]);
    /// Sends a request to the server this page came from: method, address, JSON. An error when
    /// there is no answer.
    fn request(&self, method: &'static str, path: &str, body: Option<String>) -> Requesting;
    /// Asks the server for bytes: the HTTP status, and what came.
    fn bytes(&self, path: &str) -> Receiving;
    /// Until when a member was told on this device what became of their edits.
    fn told(&self, member: &str) -> u64;
    /// Keeps it.
    fn keep_told(&self, member: &str, until: u64);
    /// Has the person make a passkey, or sign with one. `options` is what the server wants; the
    /// answer is what it gets, both JSON.
    fn passkey(&self, step: Step, options: String) -> Signing;
    /// What this device keeps under a name, see [`super::home`].
    fn kept(&self, name: &'static str) -> Option<String>;
    /// Keeps it; forgets it for `None`.
    fn keep(&self, name: &'static str, text: Option<&str>);
    /// Removes all records of a member from this device, as soon as no tab holds them and if
    /// [`REMOVE`](super::home::REMOVE) still says so.
    fn remove_records(&self, person: &str) -> Removing;
    /// Loads the page anew.
    fn reload(&self);
    /// What this device keeps of whoever signed in on it: their id.
    fn account(&self) -> Option<String> {
        self.kept(home::ACCOUNT)
    }
    /// Keeps it; forgets it for `None`. Names and addresses are kept with the records instead.
    fn keep_account(&self, account: Option<&str>) {
        let member = account.and_then(account::kept);
        if let Some(member) = &member {
            let devices = home::note_device(self.kept(home::DEVICES).as_deref(), member);
            self.keep(home::DEVICES, Some(&devices));
        }
        self.keep(
            home::ACCOUNT,
            member.map(|member| home::stub(&member)).as_deref(),
        );
    }
    /// What this device calls itself where devices are listed, such as `Firefox · Android`.
    fn name(&self) -> String;
    /// Whether a person has chosen a language on this device.
    fn has_chosen_language(&self) -> bool;
    /// Keeps the language a person chose, for the next time.
    fn keep_language(&self, code: &str);
    /// Loads a language and makes it the one of the screens. The error is for people who help.
    fn use_language(&self, language: &'static Language) -> Loading;
}

/// Something being loaded.
pub type Loading = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// Something that is being removed. The error is for people who help.
pub type Removing = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// An answer of the server to come.
pub type Requesting = Pin<Box<dyn Future<Output = Result<Answered, String>>>>;

/// Bytes of the server to come.
pub type Receiving = Pin<Box<dyn Future<Output = Result<(u16, Vec<u8>), String>>>>;
/// What a passkey has signed, to come.
pub type Signing = Pin<Box<dyn Future<Output = Result<String, Wrong>>>>;

/// All that the screens have from outside.
#[derive(Clone)]
pub struct Outside {
    /// The line to the worker.
    pub port: Rc<dyn Port>,
    /// The device.
    pub device: Rc<dyn Device>,
}

/// The key made from random bytes: small letters and digits, the first a letter.
pub fn key_from(bytes: [u8; 20]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letter = |(at, byte): (usize, u8)| {
        let most = if at == 0 { 16 } else { 32 };
        char::from(LETTERS[usize::from(byte) % most])
    };
    bytes.into_iter().enumerate().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_keys_are_keys() {
        for byte in 0..=255 {
            assert!(meltemi_core::id::is_key(&key_from([byte; 20])));
        }
        assert_ne!(key_from([1; 20]), key_from([2; 20]));
    }
}
