//! Work that would hold up other tasks.

use crate::SourceError;

/// Runs work that uses the processor or the disk where it does not hold up other tasks.
pub(crate) async fn run_blocking<T: Send + 'static>(
    place: String,
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(SourceError::Stopped { place }),
    }
}
