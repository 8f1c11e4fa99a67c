//! Resolving names, and refusing what they must not lead to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::allow::Allowed;

/// A way to resolve names; tests have their own.
pub trait Lookup: std::fmt::Debug + Send + Sync {
    /// Every address of a name.
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// What the system says.
#[derive(Debug, Clone, Copy)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Resolves a name for one connection and answers only addresses that may be connected to; one that may not refuses
/// the name as a whole, so that an answer that mixes both is of no use. Without a list everything may.
pub(super) struct Guarded {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) allowed: Option<Arc<Allowed>>,
}

/// A name leads to an address that may not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the address is not public")]
pub(super) struct NotPublic;

/// A name leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the name cannot be resolved")]
pub(super) struct NotFound;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str().to_owned());
        let allowed = self.allowed.clone();
        Box::pin(async move {
            let found = found.await.unwrap_or_default();
            if found.is_empty() {
                return Err(NotFound.into());
            }
            let may = |address: &IpAddr| {
                let allowed = allowed.as_ref();
                allowed.is_none_or(|allowed| allowed.address(*address, None))
            };
            if !found.iter().all(may) {
                return Err(NotPublic.into());
            }
            let addresses: Vec<SocketAddr> = found
                .into_iter()
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
