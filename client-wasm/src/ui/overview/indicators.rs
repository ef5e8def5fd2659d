//! Indicators: value, share, what is unknown, and the breakdown as bars with the numbers beside.

use leptos::prelude::*;
use meltemi_core::indicator::Indicator;

use crate::app::fold::fold;
use crate::app::keys;
use crate::app::order::sort_by_key;
use crate::locale::{self, format};
use crate::ui::dom::el;
use crate::ui::live::several;
use crate::ui::page::Page;
use crate::ui::parts::Unfolded;
use crate::ui::words;
use crate::{t, tn};

/// All indicators that have a value.
pub(crate) fn indicators(page: Page, all: &[Indicator], unfolded: Unfolded) -> AnyView {
    let each: Vec<AnyView> = all
        .iter()
        .map(|one| indicator(page, one, unfolded))
        .collect();
    el("section")
        .is("class", "indicators")
        .is("aria-labelledby", "indicators-title")
        .child(
            el("h2")
                .is("id", "indicators-title")
                .child(t!("overview.indicators")),
        )
        .child(el("div").is("class", "cards").child(each))
        .into_any()
}

fn indicator(page: Page, indicator: &Indicator, unfolded: Unfolded) -> AnyView {
    let name = locale::text(&format!("indicator.{}", indicator.id), &[]);
    let num = format::number(indicator.num as f64);
    let value = match indicator.den {
        None => el("strong").child(num.clone()).into_any(),
        Some(0) => el("strong").child(t!("indicator.none")).into_any(),
        Some(den) => {
            let of = t!("indicator.of", num = num, den = format::number(den as f64));
            several(vec![
                (el("strong").child(of)).into_any(),
                (" ").into_any(),
                (el("span")
                    .is("class", "share")
                    .child(format::percent(indicator.num, den)))
                .into_any(),
            ])
            .into_any()
        }
    };
    let mut notes = Vec::new();
    if indicator.unknown > 0 {
        notes.push(tn!("indicator.unknown", indicator.unknown));
    }
    if indicator.disputed > 0 {
        notes.push(tn!("indicator.disputed", indicator.disputed));
    }
    if let Some(reported) = &indicator.reported {
        notes.push(match reported.itemised {
            0 => t!("indicator.reported_none", num = num),
            some => tn!("indicator.reported", some, num = num),
        });
        notes.push(t!("indicator.source", source = reported.source));
    }
    let notes: Vec<AnyView> = notes
        .into_iter()
        .map(|note| el("p").is("class", "note").child(note).into_any())
        .collect();
    el("div")
        .is("class", "indicator")
        .child(el("h3").child(name.clone()))
        .child(el("p").is("class", "value").child(value))
        .child(notes)
        .child(breakdown(page, indicator, name, unfolded))
        .into_any()
}

/// The breakdown as a table whose last column is a bar.
fn breakdown(
    page: Page,
    indicator: &Indicator,
    name: String,
    unfolded: Unfolded,
) -> Option<AnyView> {
    if indicator.by.is_empty() {
        return None;
    }
    let label = |word: &str| match keys::named(&indicator.id, word) {
        Some(record) => words::record_title(page, &record),
        None => locale::word(keys::breakdown(&indicator.id), word),
    };
    let mut rows: Vec<(String, u64)> = indicator
        .by
        .iter()
        .map(|(word, count)| (label(word), *count))
        .collect();
    sort_by_key(&mut rows, |(label, count)| {
        format!("{:020} {}", u64::MAX - count, fold(label))
    });
    let most = rows
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(1)
        .max(1);
    let rows: Vec<AnyView> = rows
        .into_iter()
        .map(|(label, count)| {
            let share = format!("{}%", count * 100 / most);
            el("tr")
                .child(el("th").is("scope", "row").is("dir", "auto").child(label))
                .child(
                    el("td")
                        .is("class", "number")
                        .child(format::number(count as f64)),
                )
                .child(
                    el("td")
                        .is("class", "bar")
                        .is("aria-hidden", "true")
                        .child(el("span").style("inline-size", &share)),
                )
                .into_any()
        })
        .collect();
    Some(
        unfolded
            .part(&indicator.id, t!("indicator.breakdown"))
            .child(
                el("table")
                    .is("class", "breakdown")
                    .child(el("caption").is("class", "hidden").child(name))
                    .child(el("tbody").child(rows)),
            )
            .into_any(),
    )
}
