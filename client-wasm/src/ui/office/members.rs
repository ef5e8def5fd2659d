//! The members of the programmes that somebody coordinates.

use leptos::prelude::*;

use super::desk::Desk;
use super::{heading, member};
use crate::app::fold::fold;
use crate::app::office::member::Member;
use crate::app::office::place::Place;
use crate::ui::dom::el;
use crate::ui::live::{live, several};
use crate::ui::parts;
use crate::{t, tn};

/// With fewer members than this, there is nothing to search for.
const MANY: usize = 8;

/// The screen.
pub(crate) fn members(desk: Desk) -> AnyView {
    // The member that is unfolded stays so when the list is drawn anew.
    let unfolded = StoredValue::new(String::new());
    let search = RwSignal::new(String::new());
    let list = desk.members.show(
        move || desk.load_members(|| ()),
        move |all| {
            let all = all.clone();
            let many = all.len() > MANY;
            let found = move || {
                let wanted = fold(search.get().trim());
                let fits = |member: &&Member| {
                    let text = fold(&format!("{} {}", member.name, member.email));
                    text.contains(&wanted)
                };
                let found: Vec<AnyView> = all
                    .iter()
                    .filter(fits)
                    .map(|one| member::member(desk, unfolded, one))
                    .collect();
                let count = el("p")
                    .is("class", "hint")
                    .is("role", "status")
                    .child(tn!("office.members.count", found.len() as u64));
                several(vec![count.into_any(), several(found)])
            };
            let searching = many.then(|| {
                let input = parts::line(search)
                    .is("type", "search")
                    .is("id", "member-search")
                    .attr("aria-label", t!("list.search"))
                    .attr("placeholder", t!("list.search"));
                el("p").child(input).into_any()
            });
            several(vec![searching.into_any(), live(found)])
        },
    );
    several(vec![
        heading(Place::Members, t!("office.members.explain")),
        list,
    ])
}
