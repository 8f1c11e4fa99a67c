//! Making and changing webhooks.

use std::fs;
use std::path::{Path, PathBuf};

use super::named;
use crate::app::App;
use crate::cli::failure::Failure;
use crate::cli::{open, print};
use crate::config::Config;
use crate::platform::http_client::{Client, OutboundError};
use crate::webhooks::{Event, Header, Spec, endpoints};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Create {
    /// A name by which people know it.
    #[arg(long)]
    name: String,
    /// Where to; it gets a POST.
    #[arg(long)]
    url: String,
    /// Of what: entry.publish, entry.unpublish, …; may be given again, or several between commas. Without it, every event.
    #[arg(long = "event", value_name = "EVENT", value_delimiter = ',')]
    events: Vec<String>,
    #[command(flatten)]
    more: More,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Update {
    /// The webhook's name.
    name: String,
    /// Where to.
    #[arg(long)]
    url: Option<String>,
    /// Of what, in place of the events it has.
    #[arg(long = "event", value_name = "EVENT", value_delimiter = ',')]
    events: Vec<String>,
    /// About every type.
    #[arg(long, conflicts_with = "types")]
    every_type: bool,
    /// Without drafts.
    #[arg(long, conflicts_with = "drafts")]
    no_drafts: bool,
    /// With Strapi's payload.
    #[arg(long, conflicts_with = "template")]
    no_template: bool,
    /// Without further headers.
    #[arg(long)]
    no_headers: bool,
    #[command(flatten)]
    more: More,
}

#[derive(Debug, clap::Args)]
struct More {
    /// About entries of this type; may be given again. Without it, every type.
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// A further type whose entries may show in relations; may be given again.
    #[arg(long = "include", value_name = "TYPE", value_delimiter = ',')]
    includes: Vec<String>,
    /// `filters`, `fields` and `populate` as in a request, such as `filters[category][slug]=news&populate=cover`.
    #[arg(long)]
    query: Option<String>,
    /// Whether changes of drafts are told, with the draft.
    #[arg(long)]
    drafts: bool,
    /// A file with a payload of your own: JSON with places such as {{ entry.title }}.
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// A header that is sent; may be given again.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// A header whose value stands in a file and is never shown; may be given again.
    #[arg(long = "secret-header", value_name = "NAME: FILE")]
    secret_headers: Vec<String>,
}

pub(super) async fn create(create: Create, app: &App, config: &Config) -> anyhow::Result<()> {
    let mut spec = Spec {
        url: create.url,
        events: match create.events.is_empty() {
            true => Event::ALL.to_vec(),
            false => events(&create.events)?,
        },
        ..Spec::default()
    };
    apply(&mut spec, &create.more, app)?;
    check(&spec, app, config)?;
    let secret = endpoints::create(&app.database, &create.name, spec).await?;
    print::line(secret)?;
    Ok(())
}

pub(super) async fn update(update: Update, app: &App, config: &Config) -> anyhow::Result<()> {
    let name = named(app, update.name).await?;
    let mut spec = endpoints::find(&app.database, &name).await?.spec;
    if let Some(url) = update.url {
        spec.url = url;
    }
    if !update.events.is_empty() {
        spec.events = events(&update.events)?;
    }
    if update.every_type {
        spec.types.clear();
        spec.includes.clear();
        spec.query.clear();
    }
    spec.drafts &= !update.no_drafts;
    if update.no_template {
        spec.template = None;
    }
    if update.no_headers {
        spec.headers.clear();
    }
    apply(&mut spec, &update.more, app)?;
    check(&spec, app, config)?;
    endpoints::update(&app.database, &name, &spec).await?;
    print::note(format!("updated {name}"));
    Ok(())
}

fn apply(spec: &mut Spec, more: &More, app: &App) -> anyhow::Result<()> {
    let uids = |names: &[String]| {
        let uids = names
            .iter()
            .map(|name| Ok(open::content_type(app, name.trim())?.uid.clone()));
        uids.collect::<Result<Vec<_>, Failure>>()
    };
    if !more.types.is_empty() {
        spec.types = uids(&more.types)?;
    }
    if !more.includes.is_empty() {
        spec.includes = uids(&more.includes)?;
    }
    if let Some(query) = &more.query {
        query.trim_start_matches('?').clone_into(&mut spec.query);
    }
    spec.drafts |= more.drafts;
    if let Some(file) = &more.template {
        spec.template = Some(read(file)?);
    }
    for text in &more.headers {
        let (name, value) = split(text)?;
        set(spec, name, value.to_owned(), false);
    }
    for text in &more.secret_headers {
        let (name, file) = split(text)?;
        let value = read(Path::new(file))?.trim().to_owned();
        set(spec, name, value, true);
    }
    Ok(())
}

fn set(spec: &mut Spec, name: &str, value: String, secret: bool) {
    let name = name.to_ascii_lowercase();
    spec.headers.retain(|header| header.name != name);
    spec.headers.push(Header {
        name,
        value,
        secret,
    });
}

fn check(spec: &Spec, app: &App, config: &Config) -> anyhow::Result<()> {
    spec.check(&app.schema(), &app.limits)?;
    match Client::new(&config.outbound)?.check(&spec.url) {
        // Another machine may serve; this one only warns.
        Err(OutboundError::Refused) => print::note(
            "warning: the target is not public; deliveries fail until it is listed in `outbound.allow`",
        ),
        Err(OutboundError::NoRoots(why)) => {
            print::note(format!("warning: https cannot be used here: {why}"))
        }
        Err(error) => return Err(error.into()),
        Ok(()) => {}
    }
    Ok(())
}

fn events(names: &[String]) -> Result<Vec<Event>, Failure> {
    let known = Event::ALL.map(Event::name);
    let mut events: Vec<Event> = Vec::new();
    for name in names {
        let event = Event::from_name(name.trim());
        let event = event.ok_or_else(|| Failure::unknown("event", name, known))?;
        if !events.contains(&event) {
            events.push(event);
        }
    }
    Ok(events)
}

fn split(header: &str) -> Result<(&str, &str), Failure> {
    let parts = header.split_once(':');
    let parts = parts.map(|(name, value)| (name.trim(), value.trim()));
    parts.filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        let failure = Failure::new("a header needs a name and a value between a colon");
        failure.hint(
            "write it as `x-site: blog`; a secret one names a file: `authorization: token.txt`",
        )
    })
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))
}
