//! Webhooks for people; nothing here shows a secret.

use crate::app::App;
use crate::cli::print;
use crate::webhooks::{Endpoint, Event, endpoints};

pub(super) async fn list(app: &App) -> anyhow::Result<()> {
    for endpoint in endpoints::list(&app.database).await? {
        print::line(format!(
            "{}  {}  {}  {}",
            endpoint.name,
            url(&endpoint.spec.url),
            state(&endpoint),
            events(&endpoint)
        ))?;
    }
    Ok(())
}

pub(super) async fn one(app: &App, name: &str) -> anyhow::Result<()> {
    let endpoint = endpoints::find(&app.database, name).await?;
    let spec = &endpoint.spec;
    print::line(format!("name      {}", endpoint.name))?;
    print::line(format!("url       {}", url(&spec.url)))?;
    print::line(format!("state     {}", state(&endpoint)))?;
    print::line(format!("events    {}", events(&endpoint)))?;
    print::line(format!("types     {}", listed(&spec.types, "every type")))?;
    if !spec.includes.is_empty() {
        print::line(format!("includes  {}", spec.includes.join(", ")))?;
    }
    if !spec.query.is_empty() {
        print::line(format!("query     {}", printable(&spec.query)))?;
    }
    print::line(format!(
        "drafts    {}",
        if spec.drafts { "yes" } else { "no" }
    ))?;
    let payload = if spec.template.is_some() {
        "template"
    } else {
        "strapi"
    };
    print::line(format!("payload   {payload}"))?;
    for header in &spec.headers {
        print::line(format!(
            "header    {}: {}",
            header.name,
            printable(header.shown())
        ))?;
    }
    print::line(format!("created   {}", endpoint.created_at))?;
    if let Some(template) = &spec.template {
        print::line(printable(template))?;
    }
    Ok(())
}

/// A URL whose query is hidden: it often holds a key.
fn url(url: &str) -> String {
    match url.split_once('?') {
        Some((before, _)) => format!("{before}?…"),
        None => url.to_owned(),
    }
}

fn state(endpoint: &Endpoint) -> String {
    let reason = endpoint
        .reason
        .as_deref()
        .map(|reason| format!(" ({})", printable(reason)));
    match endpoint.paused {
        true => format!("paused{}", reason.unwrap_or_default()),
        false if endpoint.failures > 0 => format!("active, failing ({} tries)", endpoint.failures),
        false => "active".to_owned(),
    }
}

fn events(endpoint: &Endpoint) -> String {
    let events = &endpoint.spec.events;
    if events.len() == Event::ALL.len() {
        return "every event".to_owned();
    }
    let names: Vec<&str> = events.iter().map(|event| event.name()).collect();
    names.join(",")
}

fn listed(names: &[String], none: &str) -> String {
    if names.is_empty() {
        none.to_owned()
    } else {
        names.join(", ")
    }
}

/// Text of others without what could move the cursor of a terminal.
pub(super) fn printable(text: &str) -> String {
    let clean = text.chars().map(|letter| match letter {
        '\n' | '\t' => letter,
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    });
    clean.collect()
}
