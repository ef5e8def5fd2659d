//! Dates, times and numbers in the person's language, by the browser's own `Intl`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Array, Function, Object, Reflect};
use meltemi_core::time::{Date, DateSpan, Precision, Timestamp};
use wasm_bindgen::{JsCast, JsValue};

thread_local! {
    /// Making a formatter takes a browser longer than using it a hundred times.
    static FORMATTERS: RefCell<BTreeMap<&'static str, JsValue>> = RefCell::default();
}

/// Forgets the formatters of the language before.
pub(super) fn forget() {
    FORMATTERS.take();
}

/// A number.
pub fn number(value: f64) -> String {
    let formatter = formatter("NumberFormat", "number", &[]);
    call(&formatter, "format", &[value.into()])
}

/// The plural category of CLDR for a count: zero, one, two, few, many or other.
pub(super) fn plural(count: u64) -> String {
    call(
        &formatter("PluralRules", "plural", &[]),
        "select",
        &[(count as f64).into()],
    )
}

/// A share, as a percentage without decimals.
pub fn percent(num: u64, den: u64) -> String {
    let options = [("style", "percent".into())];
    let formatter = formatter("NumberFormat", "percent", &options);
    call(
        &formatter,
        "format",
        &[(num as f64 / den.max(1) as f64).into()],
    )
}

/// A date as exact as it is: "2021", "March 2021", "16 March 2021".
pub fn date(date: Date) -> String {
    match date.precision() {
        Precision::Year => date.to_string(),
        precision => call(&date_formatter(precision), "format", &[utc(date)]),
    }
}

/// A span of dates, such as "16–18 March 2021".
pub fn span(span: DateSpan) -> String {
    let (start, end) = (span.start(), span.end());
    if start == end {
        return date(start);
    }
    if start.precision() != end.precision() || start.precision() == Precision::Year {
        return format!("{} – {}", date(start), date(end));
    }
    call(
        &date_formatter(start.precision()),
        "formatRange",
        &[utc(start), utc(end)],
    )
}

/// A stored span or date in words; a text that is neither stays as it is.
pub fn stored(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), span)
}

/// The name of a month, 1 to 12.
pub fn month(month: u8) -> String {
    let options = [("month", "long".into()), ("timeZone", "UTC".into())];
    let formatter = formatter("DateTimeFormat", "month name", &options);
    let time = js_sys::Date::utc(2024.0, f64::from(month) - 1.0);
    call(&formatter, "format", &[time.into()])
}

/// An instant: the time of day if it is today, else date and time.
pub fn instant(instant: Timestamp, now: Timestamp) -> String {
    let date_of = |at: Timestamp| js_sys::Date::new(&(at.0 as f64).into()).to_date_string();
    let options = [("timeStyle", "short".into())];
    let formatter = if date_of(instant) == date_of(now) {
        formatter("DateTimeFormat", "time", &options)
    } else {
        let options = [("dateStyle", "medium".into()), options[0].clone()];
        formatter("DateTimeFormat", "date and time", &options)
    };
    call(&formatter, "format", &[(instant.0 as f64).into()])
}

/// An instant as a server writes it, such as `2026-11-25T08:00:00Z`, in the time of this place.
pub fn written(text: &str, now: Timestamp) -> String {
    let millis = js_sys::Date::parse(text);
    if millis.is_nan() {
        return text.to_owned();
    }
    instant(Timestamp(millis.max(0.0) as u64), now)
}

/// A stored local time such as `2021-03-16T09:30` in words.
pub fn local_time(text: &str) -> String {
    let Some((day, time)) = text.split_once('T') else {
        return stored(text);
    };
    let Ok(day) = day.parse::<Date>() else {
        return text.to_owned();
    };
    let mut parts = time
        .split(':')
        .map(|part| part.parse::<f64>().unwrap_or(0.0));
    let (hour, minute) = (parts.next().unwrap_or(0.0), parts.next().unwrap_or(0.0));
    let millis = utc(day).as_f64().unwrap_or(0.0) + (hour * 60.0 + minute) * 60_000.0;
    let options = [
        ("dateStyle", "medium".into()),
        ("timeStyle", "short".into()),
        ("timeZone", "UTC".into()),
    ];
    let formatter = formatter("DateTimeFormat", "local time", &options);
    call(&formatter, "format", &[millis.into()])
}

/// What a language is called.
pub fn language_name(code: &str) -> String {
    let options = [("type", "language".into())];
    let formatter = formatter("DisplayNames", "languages", &options);
    call(&formatter, "of", &[code.into()])
}

fn date_formatter(precision: Precision) -> JsValue {
    let year_and_month = [
        ("year", "numeric".into()),
        ("month", "long".into()),
        ("timeZone", "UTC".into()),
    ];
    if precision == Precision::Month {
        return formatter("DateTimeFormat", "month", &year_and_month);
    }
    let [year, month, zone] = year_and_month;
    let options = [year, month, zone, ("day", "numeric".into())];
    formatter("DateTimeFormat", "day", &options)
}

fn utc(date: Date) -> JsValue {
    let month = f64::from(date.month().unwrap_or(1)) - 1.0;
    let day = (f64::from(date.day().unwrap_or(1)) - 1.0) * 86_400_000.0;
    let start = js_sys::Date::utc(f64::from(date.year()), month);
    (start + day).into()
}

/// A formatter of `Intl` for the current language; `name` says which, for the next time.
fn formatter(class: &str, name: &'static str, options: &[(&str, JsValue)]) -> JsValue {
    if let Some(known) = FORMATTERS.with_borrow(|all| all.get(name).cloned()) {
        return known;
    }
    let make = || {
        let object = Object::new();
        for (key, value) in options {
            Reflect::set(&object, &(*key).into(), value).ok()?;
        }
        let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
        let class: Function = Reflect::get(&intl, &class.into()).ok()?.dyn_into().ok()?;
        let arguments = Array::of2(&super::language().tag.into(), &object);
        Reflect::construct(&class, &arguments).ok()
    };
    let made = make().unwrap_or(JsValue::UNDEFINED);
    FORMATTERS.with_borrow_mut(|all| all.insert(name, made.clone()));
    made
}

/// Calls a method of a formatter; empty where the browser lacks it.
fn call(formatter: &JsValue, method: &str, arguments: &[JsValue]) -> String {
    let result = || {
        let method: Function = Reflect::get(formatter, &method.into())
            .ok()?
            .dyn_into()
            .ok()?;
        method
            .apply(formatter, &arguments.iter().collect::<Array>())
            .ok()?
            .as_string()
    };
    result().unwrap_or_default()
}
