//! The browser as the page's device: clock, random bits, the chosen language, locale files.

mod passkey;

use std::cell::RefCell;

use js_sys::{Array, Date, Function, Promise, Reflect, Uint8Array};
use meltemi_core::time::Timestamp;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, RequestInit, Response, Url, Window};

use crate::app::account::Answered;
use crate::app::home;
use crate::app::language::{Language, best, language};
use crate::app::passkey::Step;
use crate::app::port::{Device, Loading, Receiving, Removing, Requesting, Signing, key_from};
use crate::locale::catalogue::Catalogue;

/// What the names begin with under which things are kept.
const KEPT: &str = "meltemi.";

/// Where it is kept until when a member was told of decisions.
fn told(member: &str) -> String {
    format!("meltemi.told.{member}")
}

/// Where the chosen language is kept.
const LANGUAGE: &str = "meltemi.language";

/// Folders of the locale files of the client.
pub const TEXTS: &[&str] = &["/locales"];

/// Folders of the locale files of the page of administration: the client's, and its own.
pub const OFFICE_TEXTS: &[&str] = &["/locales", "/office/locales"];

/// This browser.
pub struct Browser {
    texts: &'static [&'static str],
}

impl Browser {
    /// This browser, with the texts of the screens in these folders.
    pub const fn with_texts(texts: &'static [&'static str]) -> Self {
        Self { texts }
    }
}

impl Device for Browser {
    fn now(&self) -> Timestamp {
        Timestamp(Date::now() as u64)
    }

    fn today(&self) -> String {
        self.local_time().chars().take(10).collect()
    }

    fn local_time(&self) -> String {
        let now = Date::new_0();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}",
            now.get_full_year(),
            now.get_month() + 1,
            now.get_date(),
            now.get_hours(),
            now.get_minutes()
        )
    }

    fn random_key(&self) -> String {
        let mut bytes = [0; 20];
        // The client does not start in a browser that has no source of random bits.
        let filled = window()
            .and_then(|window| window.crypto().ok())
            .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).ok());
        debug_assert!(filled.is_some(), "a browser has random bits");
        key_from(bytes)
    }

    fn offer_file(&self, name: &str, media: &str, bytes: &[u8]) {
        // A browser that does not let files be kept tells the person so itself.
        drop(offer(name, media, bytes));
    }

    fn request(&self, method: &'static str, path: &str, body: Option<String>) -> Requesting {
        let path = path.to_owned();
        Box::pin(async move {
            let failed = |what: JsValue| format!("{method} {path}: {what:?}");
            request(method, &path, body).await.map_err(failed)
        })
    }

    fn bytes(&self, path: &str) -> Receiving {
        let path = path.to_owned();
        Box::pin(async move {
            let failed = |what: JsValue| format!("{path}: {what:?}");
            bytes(&path).await.map_err(failed)
        })
    }

    fn told(&self, member: &str) -> u64 {
        let kept = storage().and_then(|storage| storage.get_item(&told(member)).ok()?);
        kept.and_then(|kept| kept.parse().ok()).unwrap_or(0)
    }

    fn keep_told(&self, member: &str, until: u64) {
        if let Some(storage) = storage() {
            // A browser that keeps nothing tells it again next time.
            drop(storage.set_item(&told(member), &until.to_string()));
        }
    }

    fn passkey(&self, step: Step, options: String) -> Signing {
        Box::pin(async move { passkey::ask(step, &options).await })
    }

    fn kept(&self, name: &'static str) -> Option<String> {
        kept(name)
    }

    fn keep(&self, name: &'static str, text: Option<&str>) {
        if let Some(storage) = storage() {
            let name = format!("{KEPT}{name}");
            // A browser that keeps nothing asks to sign in again next time.
            drop(match text {
                Some(text) => storage.set_item(&name, text),
                None => storage.remove_item(&name),
            });
        }
    }

    fn remove_records(&self, person: &str) -> Removing {
        let person = person.to_owned();
        let database = home::database(&person);
        Box::pin(async move {
            let failed = |what: JsValue| format!("{database}: {what:?}");
            let remove = move || future_to_promise(remove_noted(person));
            let removed = when_alone(&database, remove).map_err(failed)?;
            JsFuture::from(removed).await.map_err(failed)?;
            Ok(())
        })
    }

    fn reload(&self) {
        if let Some(window) = window() {
            // A browser that cannot reload leaves the screen as it is.
            drop(window.location().reload());
        }
    }

    fn name(&self) -> String {
        let agent = window().and_then(|window| window.navigator().user_agent().ok());
        device_name(&agent.unwrap_or_default())
    }

    fn has_chosen_language(&self) -> bool {
        kept_language().is_some()
    }

    fn keep_language(&self, code: &str) {
        if let Some(storage) = storage() {
            // A browser that keeps nothing asks again next time.
            drop(storage.set_item(LANGUAGE, code));
        }
    }

    fn use_language(&self, language: &'static Language) -> Loading {
        let folders = self.texts;
        Box::pin(async move {
            let mut catalogue = Catalogue::default();
            for folder in folders {
                catalogue.add(load_catalogue(folder, language).await?);
            }
            crate::locale::set(language, catalogue);
            Ok(())
        })
    }
}

/// The language chosen on this device, or else the best for the languages of the browser.
pub fn chosen_language() -> &'static Language {
    if let Some(language) = kept_language() {
        return language;
    }
    let wanted = window()
        .map(|window| window.navigator().languages())
        .unwrap_or_default();
    let wanted: Vec<String> = wanted.iter().filter_map(|tag| tag.as_string()).collect();
    best(wanted.iter().map(String::as_str))
}

fn kept_language() -> Option<&'static Language> {
    language(&storage()?.get_item(LANGUAGE).ok()??)
}

/// Loads the texts of a language from a folder. The error is for people who help.
async fn load_catalogue(folder: &str, language: &Language) -> Result<Catalogue, String> {
    let address = format!("{folder}/{}.json", language.code);
    let failed = |what: JsValue| format!("{address}: {what:?}");
    let window = window().ok_or_else(|| failed("no window".into()))?;
    let response = JsFuture::from(window.fetch_with_str(&address))
        .await
        .map_err(failed)?;
    let response: Response = response.dyn_into().map_err(failed)?;
    if !response.ok() {
        return Err(failed(response.status().into()));
    }
    let text = JsFuture::from(response.text().map_err(failed)?)
        .await
        .map_err(failed)?;
    let text = text.as_string().unwrap_or_default();
    Catalogue::parse(&text).map_err(|error| format!("{address}: {error}"))
}

async fn bytes(path: &str) -> Result<(u16, Vec<u8>), JsValue> {
    let window = window().ok_or("no window")?;
    let response = JsFuture::from(window.fetch_with_str(path)).await?;
    let response: Response = response.dyn_into()?;
    let bytes = JsFuture::from(response.array_buffer()?).await?;
    Ok((response.status(), Uint8Array::new(&bytes).to_vec()))
}

async fn request(method: &str, path: &str, body: Option<String>) -> Result<Answered, JsValue> {
    let window = window().ok_or("no window")?;
    let options = RequestInit::new();
    options.set_method(method);
    if let Some(body) = body {
        let headers = js_sys::Object::new();
        js_sys::Reflect::set(&headers, &"content-type".into(), &"application/json".into())?;
        options.set_headers(&headers);
        options.set_body(&body.into());
    }
    let response = JsFuture::from(window.fetch_with_str_and_init(path, &options)).await?;
    let response: Response = response.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok(Answered {
        status: response.status(),
        body: text.as_string().unwrap_or_default(),
    })
}

/// Does it as soon as no tab holds the database; at once where the browser has no locks.
fn when_alone(database: &str, act: impl FnOnce() -> Promise + 'static) -> Result<Promise, JsValue> {
    let window = window().ok_or("no window")?;
    let locks = Reflect::get(&window.navigator(), &"locks".into())?;
    if locks.is_undefined() {
        return Ok(act());
    }
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let act = Closure::once_into_js(move |_lock: JsValue| act());
    request
        .call2(&locks, &home::held(database).into(), &act)?
        .dyn_into()
}

/// Removes the records of somebody, if that is still noted: a tab that held them may have known of
/// edits that nobody else did.
async fn remove_noted(person: String) -> Result<JsValue, JsValue> {
    let database = home::database(&person);
    if kept(home::REMOVE) == Some(person) {
        for database in [home::locked(&database), database] {
            JsFuture::from(remove_database(&database)?).await?;
        }
    }
    Ok(JsValue::UNDEFINED)
}

fn kept(name: &str) -> Option<String> {
    storage()?.get_item(&format!("{KEPT}{name}")).ok()?
}

/// Removes a database; done when nothing has it open any more. By name and not by the library
/// that the worker has for it, which is large.
fn remove_database(name: &str) -> Result<Promise, JsValue> {
    let databases = Reflect::get(&js_sys::global(), &"indexedDB".into())?;
    let remove: Function = Reflect::get(&databases, &"deleteDatabase".into())?.dyn_into()?;
    let request = remove.call1(&databases, &name.into())?;
    Ok(Promise::new(&mut |done, failed| {
        for (event, then) in [("onsuccess", done), ("onerror", failed)] {
            // An object takes every property.
            drop(Reflect::set(&request, &event.into(), &then));
        }
    }))
}

/// The browser and the system that a user agent names, each the first that is known.
fn device_name(agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        let found = known.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    // Others name those they resemble, so the order matters.
    let browser = first(&[
        ("Edg", "Edge"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("Chrome", "Chrome"),
        ("CriOS", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("Linux", "Linux"),
    ]);
    let parts: Vec<_> = [browser, system].into_iter().flatten().collect();
    parts.join(" · ")
}

thread_local! {
    /// The address of the file that was offered last. It must last until the browser has read it.
    static OFFERED: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn offer(name: &str, media: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let document = window().and_then(|window| window.document());
    let document = document.ok_or("no document")?;
    let options = BlobPropertyBag::new();
    options.set_type(media);
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options)?;
    let address = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    match OFFERED.replace(Some(address)) {
        Some(before) => Url::revoke_object_url(&before),
        None => Ok(()),
    }
}

fn storage() -> Option<web_sys::Storage> {
    window()?.local_storage().ok()?
}

fn window() -> Option<Window> {
    web_sys::window()
}
