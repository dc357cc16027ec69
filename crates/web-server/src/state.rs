//! What every handler works with.

use std::sync::Arc;

use app_container::Container;

use crate::Settings;
use crate::api::CursorSeal;
use crate::layers::Limits;
use crate::observe::Metrics;
use crate::site::Overviews;

/// Shared by all requests.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) container: Arc<Container>,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) seal: CursorSeal,
    pub(crate) overviews: Overviews,
}

impl App {
    pub(crate) fn new(
        container: Arc<Container>,
        settings: Settings,
    ) -> Result<Self, getrandom::Error> {
        let limits = Limits::new(&settings);
        let seal = CursorSeal::new(settings.cursor_secret.as_deref())?;
        let (metrics, overviews) = (Metrics::default(), Overviews::default());
        Ok(Self(Arc::new(Parts { container, settings, limits, metrics, seal, overviews })))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
