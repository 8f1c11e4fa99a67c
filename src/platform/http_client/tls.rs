//! Whose certificates are trusted.

use std::fs;

use reqwest::{Certificate, ClientBuilder};

use super::{OutboundError, error};

/// The certificates that are trusted beside those of the system.
pub(super) struct Roots {
    more: Vec<Certificate>,
    /// Why there are none at all.
    pub(super) missing: Option<String>,
}

impl Roots {
    /// Reads the file that was named, and looks whether the system has certificates.
    pub(super) fn load(file: &str) -> Result<Self, OutboundError> {
        // Whoever was first is as good: only ring is built in.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let unusable = |cause: String| {
            let shown = file.escape_debug();
            OutboundError::Config(format!("`outbound.ca_file`: {shown}: {cause}"))
        };
        let mut more = Vec::new();
        if !file.is_empty() {
            let text = fs::read(file).map_err(|error| unusable(error.to_string()))?;
            more = Certificate::from_pem_bundle(&text)
                .map_err(|_| unusable("it is not PEM".into()))?;
            if more.is_empty() {
                return Err(unusable("it holds no certificate".into()));
            }
        }
        let tried = reqwest::Client::builder().tls_certs_merge(more.clone());
        let missing = tried.no_proxy().build().err();
        Ok(Self {
            more,
            missing: missing.map(|cause| error::chain(&cause)),
        })
    }

    /// Without any certificate the client still does plain `http`.
    pub(super) fn trusted_by(&self, builder: ClientBuilder) -> ClientBuilder {
        match self.missing {
            None => builder.tls_certs_merge(self.more.clone()),
            Some(_) => builder.tls_certs_only([]),
        }
    }
}
