//! Work beside requests: followers of the change log and jobs, each under supervision.
//!
//! **Always true**: a task that fails or panics begins again after a while, and the others go on.
//! **Knows nothing about** HTTP. Start reading at [`Background::start`].

mod outward;
mod purging;
mod supervise;

pub use outward::Outward;
pub use supervise::supervise;

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::app::App;

/// The tasks of a serving process; they end when this is dropped.
#[derive(Debug)]
pub struct Background {
    tasks: JoinSet<()>,
}

impl Background {
    /// Starts them all.
    pub fn start(app: &Arc<App>) -> Self {
        let mut tasks = JoinSet::new();
        let watched = Arc::clone(app);
        tasks.spawn(supervise("watch", move || Arc::clone(&watched).watch()));
        let searched = Arc::clone(app);
        tasks.spawn(supervise("search", move || {
            let search = searched.search.clone();
            search.follow(Arc::clone(&searched.database), searched.signal.clone())
        }));
        let kept = Arc::clone(app);
        tasks.spawn(supervise("cache", move || {
            let app = Arc::clone(&kept);
            async move {
                let schema = || app.schema();
                let database = Arc::clone(&app.database);
                let seen = || app.totals.bump();
                app.cache.follow(database, schema, &app.signal, seen).await
            }
        }));
        Self { tasks }
    }
}
