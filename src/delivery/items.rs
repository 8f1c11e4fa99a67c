//! Component items: from field ids to names, with what they link to.

use std::borrow::Cow;
use std::fmt::Write as _;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use crate::query::compile::{Holders, column_name, is_linked, linked, reads_content, target};
use crate::query::{Column, Populated, Selection, Shape};
use crate::schema::{Component, Field, FieldKind};

use super::ReadError;
use super::raw::{Raw, elements, parse};
use super::render::{Holder, Run, Values, joined};

/// An item and which holder it lies in.
struct Item<'a> {
    holder: usize,
    text: &'a str,
    raw: Raw<'a>,
}

impl<'a> Run<'a> {
    /// A component or zone attribute of entries or items; `texts` are its stored arrays.
    pub(super) fn nested<'r>(
        &'r self,
        holders: Vec<Holder<'r>>,
        texts: Vec<&'r str>,
        part: &'r Populated<'r>,
    ) -> BoxFuture<'r, Result<Values<'r>, ReadError>> {
        Box::pin(async move {
            let mut items = Vec::new();
            let mut lengths = Vec::with_capacity(texts.len());
            for (holder, text) in texts.into_iter().enumerate() {
                let before = items.len();
                for element in elements(Some(text))? {
                    let raw = parse(element)?;
                    items.push(Item {
                        holder,
                        text: element,
                        raw,
                    });
                }
                lengths.push(items.len() - before);
            }
            match &part.shape {
                Shape::Component {
                    repeatable,
                    selection,
                    ..
                } => {
                    let done = self.items(&holders, &items, None, selection).await?;
                    Ok(regrouped(done.into_iter().map(Some), &lengths, *repeatable))
                }
                Shape::Zone { parts, .. } => {
                    let done = self.zone(&holders, items, parts).await?;
                    Ok(regrouped(done.into_iter(), &lengths, true))
                }
                _ => Ok(Vec::new()),
            }
        })
    }

    /// Items of several components in their order; those of components not listed are left out.
    async fn zone(
        &self,
        holders: &[Holder<'_>],
        items: Vec<Item<'_>>,
        parts: &[(&Component, Selection<'_>)],
    ) -> Result<Vec<Option<String>>, ReadError> {
        let mut done: Vec<Option<String>> = vec![None; items.len()];
        let mut by_part: Vec<Vec<(usize, Item<'_>)>> = parts.iter().map(|_| Vec::new()).collect();
        for (place, item) in items.into_iter().enumerate() {
            let component = item.raw.integer("c");
            let part = parts
                .iter()
                .position(|(part, _)| Some(part.id.0) == component);
            if let Some(list) = part.and_then(|part| by_part.get_mut(part)) {
                list.push((place, item));
            }
        }
        for (list, (component, selection)) in by_part.into_iter().zip(parts) {
            let (places, items): (Vec<usize>, Vec<Item<'_>>) = list.into_iter().unzip();
            let completed = self
                .items(holders, &items, Some(component), selection)
                .await?;
            for (place, text) in places.into_iter().zip(completed) {
                if let Some(slot) = done.get_mut(place) {
                    *slot = Some(text);
                }
            }
        }
        Ok(done)
    }

    /// Items of one component; `named` puts the component's name into each.
    async fn items(
        &self,
        holders: &[Holder<'_>],
        items: &[Item<'_>],
        named: Option<&Component>,
        selection: &Selection<'_>,
    ) -> Result<Vec<String>, ReadError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let links = self.links(holders, items, selection).await?;
        let links: Vec<Vec<&RawValue>> = match &links {
            None => Vec::new(),
            Some(text) => parse(text)?,
        };
        let mut linked = 0;
        let mut populated: Vec<Values<'_>> = Vec::with_capacity(selection.populated.len());
        for part in &selection.populated {
            if is_linked(&part.shape) {
                let texts = links
                    .iter()
                    .map(|row| row.get(linked).map_or("null", |value| value.get()));
                populated.push(self.linked_part(texts.collect(), part).await?);
                linked += 1;
            } else {
                populated.push(self.inner_part(holders, items, part).await?);
            }
        }
        Ok(items
            .iter()
            .enumerate()
            .map(|(row, item)| write(item, named, selection, &populated, row))
            .collect())
    }

    /// Reads what the items link to, if anything of that is populated.
    async fn links(
        &self,
        holders: &[Holder<'_>],
        items: &[Item<'_>],
        selection: &Selection<'_>,
    ) -> Result<Option<String>, ReadError> {
        let populated = &selection.populated;
        let Some(first) = holders.first() else {
            return Ok(None);
        };
        if !populated.iter().any(|part| is_linked(&part.shape)) {
            return Ok(None);
        }
        let whole = populated.iter().any(|part| reads_content(&part.shape));
        let mut list = String::from("[");
        for item in items {
            let Some(holder) = holders.get(item.holder) else {
                continue;
            };
            let comma = if list.len() > 1 { "," } else { "" };
            let number = item.raw.integer("id").unwrap_or(0);
            let locale = holder.locale.unwrap_or("null");
            let content = if whole { item.text } else { "null" };
            let _ = write!(list, "{comma}[{},{number},{locale},{content}]", holder.doc);
        }
        list.push(']');
        let holders = Holders {
            items: &list,
            stage: first.stage,
            localized: first.localized,
            by_locale: first.locale.is_some(),
        };
        let statement = linked(
            self.options,
            self.content_type,
            self.locale,
            holders,
            populated,
        );
        self.text(statement).await.map(Some)
    }

    /// Linked entries that hold items themselves are completed in turn.
    async fn linked_part<'r>(
        &'r self,
        texts: Vec<&'r str>,
        part: &'r Populated<'r>,
    ) -> Result<Values<'r>, ReadError> {
        match &part.shape {
            Shape::Entries { hop, many, nested } => match target(*hop) {
                Some(target) => self.related(texts, *many, target, &nested.selection).await,
                None => Ok(Vec::new()),
            },
            Shape::Morph { many, parts, .. } => self.morph(texts, *many, parts).await,
            _ => Ok(texts.into_iter().map(Cow::Borrowed).collect()),
        }
    }

    /// Components inside the items.
    async fn inner_part<'r>(
        &'r self,
        holders: &[Holder<'r>],
        items: &[Item<'r>],
        part: &'r Populated<'r>,
    ) -> Result<Values<'r>, ReadError> {
        let (Shape::Component { field, .. } | Shape::Zone { field, .. }) = &part.shape else {
            return Ok(Vec::new());
        };
        let column = field.column();
        let texts = items
            .iter()
            .map(|item| item.raw.get(&column).unwrap_or("null"))
            .collect();
        let holders = items
            .iter()
            .filter_map(|item| holders.get(item.holder).copied())
            .collect();
        self.nested(holders, texts, part).await
    }
}

/// Puts items back into the lists they came from; `None` was left out.
fn regrouped<'a>(
    mut items: impl Iterator<Item = Option<String>>,
    lengths: &[usize],
    many: bool,
) -> Values<'a> {
    lengths
        .iter()
        .map(|length| {
            let mut own: Vec<String> = items.by_ref().take(*length).flatten().collect();
            if !many {
                own.truncate(1);
            }
            joined(own, many)
        })
        .collect()
}

fn write(
    item: &Item<'_>,
    named: Option<&Component>,
    selection: &Selection<'_>,
    populated: &[Values<'_>],
    row: usize,
) -> String {
    let mut text = String::from("{");
    let key = |text: &mut String, name: &str| {
        if text.len() > 1 {
            text.push(',');
        }
        let _ = write!(text, "\"{name}\":");
    };
    if let Some(component) = named {
        key(&mut text, "__component");
        let _ = write!(text, "\"{}\"", component.uid);
    }
    for column in &selection.columns {
        key(&mut text, column_name(*column));
        write_scalar(&mut text, &item.raw, *column);
    }
    for (part, values) in selection.populated.iter().zip(populated) {
        key(&mut text, part.name);
        text.push_str(values.get(row).map_or("null", |value| value));
    }
    text.push('}');
    text
}

fn write_scalar(text: &mut String, raw: &Raw<'_>, column: Column<'_>) {
    match column {
        Column::Field(field) => {
            let value = raw.get(&field.column()).unwrap_or("null");
            if is_bare_big_integer(field, value) {
                let _ = write!(text, "\"{value}\"");
            } else {
                text.push_str(value);
            }
        }
        Column::Id => text.push_str(raw.get("id").unwrap_or("null")),
        _ => text.push_str("null"),
    }
}

/// Whether a big integer is stored as a number; it leaves as a string.
fn is_bare_big_integer(field: &Field, value: &str) -> bool {
    matches!(field.kind, FieldKind::BigInteger(_)) && !value.starts_with(['"', 'n'])
}
