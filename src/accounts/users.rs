//! People who sign in.

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};

use super::{AccountError, check_name, touch};
use crate::base::clock;
use crate::platform::database::{Database, DatabaseError, Statement};

/// Shortest password of staff, from the trust bar.
pub const SHORTEST_PASSWORD: usize = 12;
/// Longest password; longer ones are refused, never cut.
pub const LONGEST_PASSWORD: usize = 1024;
/// argon2id: memory in KiB, passes and lanes (OWASP's minimum, also the library's default).
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// Makes a person who may sign in later.
///
/// # Errors
/// When the address, role or password is unusable or the address is taken.
pub async fn create(
    database: &Database,
    email: &str,
    role: &str,
    password: &str,
) -> Result<(), AccountError> {
    check_name("role", role)?;
    let email = check_email(email)?;
    let hash = hash_password(password)?;
    let role = role.to_owned();
    let taken = format!("a user with the address `{email}`");
    let result = database
        .write(move |tx| {
            Box::pin(async move {
                let insert = Statement::new(
                    "insert into users (id, email, password_hash, role, created_at) \
                     select coalesce(max(id), 0) + 1, $1, $2, $3, $4 from users",
                )
                .bind(email)
                .bind(hash)
                .bind(role)
                .bind(clock::now());
                tx.execute(insert).await?;
                touch(tx).await
            })
        })
        .await;
    match result {
        Ok(()) => Ok(()),
        Err(DatabaseError::Unique(_)) => Err(AccountError::Exists(taken)),
        Err(error) => Err(error.into()),
    }
}

/// The argon2id hash of a password in PHC form.
///
/// # Errors
/// When it is too short or too long.
pub fn hash_password(password: &str) -> Result<String, AccountError> {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(AccountError::Invalid(format!(
            "the password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, this one has {length}"
        )));
    }
    let failed = |error: &dyn std::fmt::Display| {
        AccountError::Invalid(format!("the password could not be hashed: {error}"))
    };
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|error| failed(&error))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| failed(&error))
}

fn check_email(email: &str) -> Result<String, AccountError> {
    let email = email.trim().to_lowercase();
    let usable = email.len() <= 254
        && email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
        })
        && !email.chars().any(|c| c.is_control() || c.is_whitespace());
    if usable {
        Ok(email)
    } else {
        Err(AccountError::Invalid(format!(
            "`{}` is not an e-mail address",
            email.escape_debug()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hashed_with_argon2id_and_never_cut() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(hash_password("short").is_err());
        assert!(hash_password(&"x".repeat(2000)).is_err());
    }
}
