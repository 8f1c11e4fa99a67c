//! `tympan user`: people who sign in.

use std::io::{self, Read as _};

use anyhow::Context as _;
use clap::Subcommand;

use super::failure::Failure;
use super::{open, print};
use crate::accounts::users::{self, LONGEST_PASSWORD};
use crate::config::Config;

/// The roles of people in this version.
const ROLES: [&str; 1] = ["super-admin"];

/// People who sign in.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Makes a person; the password is read from standard input, so that it is in no list of processes.
    Create(Create),
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// E-mail address to sign in with.
    #[arg(long)]
    email: String,
    /// What the person may do: super-admin.
    #[arg(long)]
    role: String,
    /// Reads the password from standard input; a line break at its end does not count.
    #[arg(long, required = true)]
    password_stdin: bool,
}

pub(super) async fn run(user: User, config: &Config) -> anyhow::Result<()> {
    let User::Create(create) = user;
    if !ROLES.contains(&create.role.as_str()) {
        return Err(Failure::unknown("role", &create.role, ROLES).into());
    }
    let password = password(io::stdin().lock())?;
    let app = open::open(config).await?;
    let created = users::create(&app.database, &create.email, &create.role, &password).await;
    app.close().await;
    created?;
    print::note(format!(
        "created {} as {}",
        create.email.escape_debug(),
        create.role
    ));
    Ok(())
}

/// Reads a password without its line break; one byte more than allowed shows that it is too long.
fn password(input: impl io::Read) -> anyhow::Result<String> {
    let mut text = String::new();
    let most = u64::try_from(LONGEST_PASSWORD).unwrap_or(u64::MAX);
    input
        .take(most + 3)
        .read_to_string(&mut text)
        .context("cannot read the password from standard input")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let password = line.strip_suffix('\r').unwrap_or(line);
    if password.contains('\n') {
        return Err(Failure::new("the password on standard input has more than one line").into());
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_is_not_part_of_the_password() {
        for text in ["correct horse", "correct horse\n", "correct horse\r\n"] {
            assert_eq!(password(text.as_bytes()).unwrap(), "correct horse");
        }
        assert!(password("one\ntwo\n".as_bytes()).is_err());
        assert!(password([0xff, 0xfe].as_slice()).is_err());
    }
}
