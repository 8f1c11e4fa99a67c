//! Whose certificates are trusted.

use std::fs;

use reqwest::{Certificate, ClientBuilder};

use super::{OutboundError, error};

/// The certificates that are trusted beside those of the system.
#[derive(Debug)]
pub(super) struct More(Vec<Certificate>);

/// All certificates that are trusted.
pub(super) struct Roots<'m> {
    more: &'m More,
    /// Why there are none at all.
    pub(super) missing: Option<String>,
}

impl More {
    /// Reads the file that was named, if one was.
    pub(super) fn load(file: &str) -> Result<Self, OutboundError> {
        if file.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let unusable = |cause: String| {
            let shown = file.escape_debug();
            OutboundError::Config(format!("`outbound.ca_file`: {shown}: {cause}"))
        };
        let text = fs::read(file).map_err(|error| unusable(error.to_string()))?;
        let more =
            Certificate::from_pem_bundle(&text).map_err(|_| unusable("it is not PEM".into()))?;
        if more.is_empty() {
            return Err(unusable("it holds no certificate".into()));
        }
        Ok(Self(more))
    }

    /// Looks whether the system has certificates.
    pub(super) fn with_those_of_the_system(&self) -> Roots<'_> {
        // Whoever was first is as good: only ring is built in.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tried = reqwest::Client::builder().tls_certs_merge(self.0.clone());
        let missing = tried.no_proxy().build().err();
        Roots {
            more: self,
            missing: missing.map(|cause| error::chain(&cause)),
        }
    }
}

impl Roots<'_> {
    /// Without any certificate the client still does plain `http`.
    pub(super) fn trusted_by(&self, builder: ClientBuilder) -> ClientBuilder {
        match self.missing {
            None => builder.tls_certs_merge(self.more.0.clone()),
            Some(_) => builder.tls_certs_only([]),
        }
    }
}
