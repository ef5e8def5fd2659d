//! The channel on which the tabs of this origin hear each other.

use js_sys::{Array, Uint8Array};
use meltemi_core::id::StorageId;
use meltemi_core::sync::storage::StoredChunk;
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use super::TabNews;
use super::word::{Message, Word};
use crate::log;

/// Tabs of one version of these words and of one database hear each other. Another version's tabs
/// still share the storage.
const NAME: &str = "meltemi-tabs-1";

/// This tab's end of the channel.
pub(crate) struct Channel {
    name: String,
    storage: String,
    channel: BroadcastChannel,
    _hear: Closure<dyn FnMut(MessageEvent)>,
}

impl Channel {
    /// Opens the channel of a database for the tab called `name`. Whatever is said from now on is
    /// heard.
    pub(crate) fn open(
        database: &str,
        name: String,
        tell: impl Fn(TabNews) + 'static,
    ) -> Result<Self, JsValue> {
        let channel = BroadcastChannel::new(&format!("{NAME}-{database}"))?;
        let hear = Closure::new(move |event: MessageEvent| match read(&event.data()) {
            Some(message) => tell(TabNews::Heard(message)),
            None => log::warn("another tab said what this version does not understand"),
        });
        channel.set_onmessage(Some(hear.as_ref().unchecked_ref()));
        Ok(Self {
            name,
            storage: String::new(),
            channel,
            _hear: hear,
        })
    }

    /// From now on speaks, and hears, as a tab that shares this storage.
    pub(crate) fn join(&mut self, storage: &StorageId) {
        self.storage.clone_from(&storage.0);
    }

    /// Whether a message comes from a tab that shares this one's storage.
    pub(crate) fn concerns(&self, message: &Message) -> bool {
        message.storage == self.storage
    }

    /// Says a word to all other tabs.
    pub(crate) fn say(&self, word: Word) {
        self.say_with(word, Vec::new());
    }

    /// Says a word to all other tabs, with the chunks it is about.
    pub(crate) fn say_with(&self, word: Word, chunks: Vec<StoredChunk>) {
        let message = Message {
            from: self.name.clone(),
            storage: self.storage.clone(),
            word,
            chunks,
        };
        let Some((text, bytes)) = message.parts() else {
            return;
        };
        let parts = Array::of1(&text.into());
        for bytes in bytes {
            parts.push(&Uint8Array::from(bytes));
        }
        // A tab that does not hear it finds what it missed on the disk.
        if self.channel.post_message(&parts).is_err() {
            log::warn("the other tabs could not be told");
        }
    }
}

fn read(data: &JsValue) -> Option<Message> {
    let parts: &Array = data.dyn_ref()?;
    let text = parts.get(0).as_string()?;
    let bytes = parts
        .iter()
        .skip(1)
        .map(|part| Uint8Array::new(&part).to_vec());
    Message::read(&text, bytes.collect())
}
