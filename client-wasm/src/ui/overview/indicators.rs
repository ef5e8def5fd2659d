//! Indicators: value, share, what is unknown, and the breakdown as bars with the numbers beside.

use leptos::prelude::*;
use meltemi_core::id::RecordRef;
use meltemi_core::indicator::Indicator;

use crate::app::fold::fold;
use crate::app::keys::INDICATORS;
use crate::app::order::sort_by_key;
use crate::locale::{self, format};
use crate::ui::page::Page;
use crate::ui::words;
use crate::{t, tn};

/// All indicators that have a value.
pub(crate) fn indicators(page: Page, all: &[Indicator]) -> AnyView {
    let each: Vec<AnyView> = all.iter().map(|one| indicator(page, one)).collect();
    view! {
        <section class="indicators" aria-labelledby="indicators-title">
            <h2 id="indicators-title">{t!("overview.indicators")}</h2>
            <div class="cards">{each}</div>
        </section>
    }
    .into_any()
}

fn indicator(page: Page, indicator: &Indicator) -> AnyView {
    let name = locale::text(&format!("indicator.{}", indicator.id), &[]);
    let num = format::number(indicator.num as f64);
    let value = match indicator.den {
        None => view! { <strong>{num}</strong> }.into_any(),
        Some(0) => view! { <strong>{t!("indicator.none")}</strong> }.into_any(),
        Some(den) => {
            let of = t!("indicator.of", num = num, den = format::number(den as f64));
            view! { <strong>{of}</strong> " " <span class="share">{format::percent(indicator.num, den)}</span> }
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
        let itemised = format::number(reported.itemised as f64);
        notes.push(t!(
            "indicator.reported",
            source = reported.source,
            itemised = itemised
        ));
    }
    let notes: Vec<AnyView> = notes
        .into_iter()
        .map(|note| view! { <p class="note">{note}</p> }.into_any())
        .collect();
    view! {
        <div class="indicator">
            <h3>{name.clone()}</h3>
            <p class="value">{value}</p>
            {notes}
            {breakdown(page, indicator, name)}
        </div>
    }
    .into_any()
}

/// The breakdown as a table whose last column is a bar.
fn breakdown(page: Page, indicator: &Indicator, name: String) -> Option<AnyView> {
    if indicator.by.is_empty() {
        return None;
    }
    let vocabulary = INDICATORS
        .iter()
        .find(|(id, _)| *id == indicator.id)
        .map_or("", |(_, by)| by);
    let label = |word: &str| match word.parse::<RecordRef>() {
        Ok(record) => words::record_title(page, &record),
        Err(_) => locale::word(vocabulary, word),
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
            view! {
                <tr>
                    <th scope="row" dir="auto">{label}</th>
                    <td class="number">{format::number(count as f64)}</td>
                    <td class="bar" aria-hidden="true"><span style:inline-size=share></span></td>
                </tr>
            }
            .into_any()
        })
        .collect();
    Some(
        view! {
            <details>
                <summary>{t!("indicator.breakdown")}</summary>
                <table class="breakdown">
                    <caption class="hidden">{name}</caption>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        }
        .into_any(),
    )
}
