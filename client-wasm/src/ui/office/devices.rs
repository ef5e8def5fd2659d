//! One's own devices: which they are, what they are called, and taking access away from a lost one.

use leptos::prelude::*;

use super::confirm::{Question, confirm};
use super::desk::{self, Desk, Kept};
use super::heading;
use super::named::{self, About, Named};
use crate::app::office::device::Device;
use crate::app::office::place::Place;
use crate::locale::format;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::several;

/// Where the devices are.
const ADDRESS: &str = "/api/devices";

type Devices = Kept<Vec<Device>>;

/// The screen.
pub(crate) fn devices(desk: Desk) -> AnyView {
    let devices = Devices::new();
    load(desk, devices, || ());
    let shown = devices.show(
        move || load(desk, devices, || ()),
        move |all| {
            let all: Vec<AnyView> = all.iter().map(|one| row(desk, devices, one)).collect();
            el("ul").is("class", "rows").child(all).into_any()
        },
    );
    several(vec![
        heading(Place::Devices, t!("office.devices.explain")),
        shown,
    ])
}

fn load(desk: Desk, devices: Devices, then: impl FnOnce() + 'static) {
    devices.load(desk, ADDRESS.to_owned(), desk::list, then);
}

fn name(device: &Device) -> String {
    if device.name == "?" {
        return t!("office.devices.unnamed");
    }
    device.name.clone()
}

fn row(desk: Desk, devices: Devices, device: &Device) -> AnyView {
    let current = device.current.then(|| {
        let text = t!("office.devices.this");
        el("span").is("class", "mark").child(text).into_any()
    });
    let revoked = device.revoked.map(|time| {
        let text = t!("office.devices.revoked", time = desk.time(time));
        el("span")
            .is("class", "mark missing")
            .child(text)
            .into_any()
    });
    let seen = t!("office.devices.seen", date = format::stored(&device.seen));
    let since = t!("office.devices.since", date = desk.day(device.created));
    let named = Named {
        address: ADDRESS,
        id: device.id.clone(),
        name: name(device),
    };
    let id = device.id.clone();
    let renamed = move || {
        let id = id.clone();
        desk.say(t!("office.devices.renamed"));
        load(desk, devices, move || desk::focus(&id));
    };
    let actions = device.revoked.is_none().then(|| {
        let rename = named::rename(desk, &named, t!("office.devices.name"), renamed);
        vec![rename, revoke(desk, devices, device)]
    });
    let about = About {
        marks: current.into_iter().chain(revoked).collect(),
        hints: [seen, since],
        actions: actions.unwrap_or_default(),
    };
    named::row(&named, about)
}

fn revoke(desk: Desk, devices: Devices, device: &Device) -> AnyView {
    let explain = if device.current {
        t!("office.devices.revoke.this")
    } else {
        t!("office.devices.revoke.explain")
    };
    let question = Question {
        button: t!("office.devices.revoke"),
        title: t!("office.devices.revoke.title", name = name(device)),
        explain,
        yes: t!("office.devices.revoke"),
        id: device.id.clone(),
    };
    let id = device.id.clone();
    confirm(question, move || {
        let path = format!("{ADDRESS}/{id}");
        let id = id.clone();
        desk.send("DELETE", &path, None, move |result| match result {
            Ok(_) => {
                desk.say(t!("office.devices.done"));
                load(desk, devices, move || desk::focus(&id));
            }
            Err(failure) => desk.tell(&failure),
        });
    })
}
